import { isLoopback } from '../lib/remote-address.js';
import type { Access, ClientFacts, Identity, SignIn } from './access.js';
import { Grant } from './grant.js';

const ANONYMOUS: Identity = { user: '', method: 'anonymous', roles: [] };
const SIGNED_IN: SignIn = { kind: 'granted', identity: ANONYMOUS };

/** OpenAccess is a gateway without access rules: everybody may publish, and clients on this machine may subscribe. */
export class OpenAccess implements Access {
  readonly generation = 0;

  signIn(): SignIn {
    return SIGNED_IN;
  }

  grantOf(_identity: Identity, { clientId, remoteAddress, isProxied }: ClientFacts): Grant {
    return new Grant({
      user: '',
      client: clientId,
      generation: this.generation,
      publish: 'all',
      subscribe: isLoopback(remoteAddress) && isProxied !== true ? 'all' : [],
    });
  }

  /** The guards of the HTTP server decide alone. */
  httpRoleOf(): 'change' {
    return 'change';
  }
}
