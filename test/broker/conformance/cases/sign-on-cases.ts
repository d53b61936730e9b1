import { connect, publish, subscribe } from '../bytes-of-packets.js';
import {
  authenticationData,
  authenticationMethod,
  maximumPacketSize,
  requestResponseInformation,
  userProperty,
} from '../bytes-of-properties.js';
import { ALICE, type ConformanceCase, propertyOf } from '../conformance-case.js';

/** What CONNECT and CONNACK of MQTT 5 say beyond those of MQTT 3.1.1. */
export const SIGN_ON_CASES: readonly ConformanceCase[] = [
  {
    title: 'a client without a client id is told the one that it was given, and it is a new one',
    shows: { 5: '3.1.3-6 3.1.3-7 3.2.2-16' },
    run: async (context) => {
      const ids = [];
      for (let n = 0; n < 3; n += 1) {
        ids.push(propertyOf(await context.accepted(context.open()), 'assignedClientId') ?? '');
      }
      context.equal(new Set(ids).size, 3, 'number of client ids');
      context.equal(ids.includes(''), false, 'a client id is missing');
    },
  },
  {
    title: 'the client id that was given names the session, also without a clean start',
    shows: { 5: '3.1.3-7 3.1.3-2 3.1.2-5' },
    run: async (context) => {
      const topic = context.name('t');
      const first = context.open();
      const connack = await context.accepted(first, { isClean: false });
      first.send(subscribe(1, [topic, 1]));
      await first.expect('SUBACK 1 [1]');
      first.cut();
      const clientId = propertyOf(connack, 'assignedClientId') ?? '';
      const second = await context.connected({ clientId, isClean: false }, true);
      second.send(publish({ topic }));
      await second.expect(`PUBLISH q0 ${topic} = x`);
    },
  },
  {
    title: 'a client with a client id is given none',
    shows: { 5: '3.1.3-7' },
    run: async (context) => {
      const connack = await context.accepted(context.open(), { clientId: context.name('id') });
      context.equal(propertyOf(connack, 'assignedClientId'), undefined, 'assigned client id');
    },
  },
  {
    title: 'a password without a user name is well-formed',
    shows: { 5: '3.1.2-16 3.1.2-19' },
    run: async (context) => {
      const peer = context.open();
      peer.send(connect({ password: 'p' }));
      // A broker that knows no users may still ask for both.
      await peer.expectOneOf(
        'CONNACK present=0 code=0',
        'CONNACK present=0 code=0x86',
        'CONNACK present=0 code=0x87',
      );
    },
  },
  {
    title: 'an authentication method that is not supported is refused, and the connection ends',
    shows: { 5: '4.12.0-1 4.12.0-4 3.2.2-7' },
    run: async (context) => {
      for (const data of [[], [authenticationData('n,,n=a')]]) {
        const peer = context.open();
        peer.send(connect({ properties: [authenticationMethod('SCRAM-SHA-1'), ...data] }));
        await peer.expectOneOf('CONNACK present=0 code=0x8c', 'CONNACK present=0 code=0x87');
        await peer.expectClosed();
      }
    },
  },
  {
    title: 'without an authentication method, CONNACK has none and comes without AUTH',
    shows: { 5: '4.12.0-6 3.2.0-1' },
    run: async (context) => {
      const connack = await context.accepted(context.open(context.broker.securedPort), ALICE);
      context.equal(propertyOf(connack, 'authenticationMethod'), undefined, 'authentication method');
    },
  },
  {
    title: 'response information is not sent to who does not ask for it',
    shows: { 5: '3.1.2-28' },
    run: async (context) => {
      for (const properties of [[], [requestResponseInformation(0)]]) {
        const connack = await context.accepted(context.open(), { properties });
        context.equal(propertyOf(connack, 'responseInformation'), undefined, 'response information');
      }
    },
  },
  {
    title: 'user properties of CONNECT change nothing, also when a name comes twice',
    shows: { 5: '3.1.4-5' },
    run: async (context) => {
      const peer = await context.connected({
        properties: [userProperty('a', 'b'), userProperty('a', ''), userProperty('', 'c')],
      });
      await peer.expectNothing();
    },
  },
  {
    title: 'a client that takes 20 bytes and is refused for what its CONNECT says gets a CONNACK that fits',
    shows: { 5: '3.2.2-19 3.1.2-24' },
    run: async (context) => {
      const peer = context.open();
      const properties = [maximumPacketSize(20), authenticationMethod('SCRAM-SHA-1')];
      peer.send(connect({ clientId: context.name('id'), properties }));
      const { bytes } = await peer.expectOneOf('CONNACK present=0 code=0x8c', 'CONNACK present=0 code=0x87');
      context.equal(bytes <= 20, true, `${bytes} bytes fit`);
      await peer.expectClosed();
    },
  },
  ...[10, 12, 40].map((maximum) => ({
    title: `a refused client that takes ${maximum} bytes gets a CONNACK that fits`,
    shows: { 5: '3.2.2-19 3.1.2-24' },
    run: async (context: Parameters<ConformanceCase['run']>[0]) => {
      const peer = context.open(context.broker.securedPort);
      peer.send(connect({ ...ALICE, password: 'wrong', properties: [maximumPacketSize(maximum)] }));
      const { bytes } = await peer.expectOneOf('CONNACK present=0 code=0x86', 'CONNACK present=0 code=0x87');
      context.equal(bytes <= maximum, true, `${bytes} bytes fit`);
      await peer.expectClosed();
    },
  })),
];
