import mqttPacket from 'mqtt-packet';
import { describe, expect, it } from 'vitest';
import type { RoleLimits } from '../../../src/access/client-limits.js';
import { RuledAccess } from '../../../src/access/ruled-access.js';
import { Broker } from '../../../src/broker/broker.js';
import { BROKER_OPTIONS, HeldIntake, startBroker } from '../../support/broker-fixture.js';
import { CONNECT, eventually, publish, rawClient } from '../../support/raw-client.js';

