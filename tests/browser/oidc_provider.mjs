// A real OpenID provider (oidc-provider) on the loopback, for one cell: `node oidc_provider.mjs REDIRECT`. Prints `ready ISSUER`.
import { generateKeyPairSync } from "node:crypto";
import { createServer } from "node:http";

const { Provider } = await import(new URL("../../web/node_modules/oidc-provider/lib/index.js", import.meta.url));
const PEOPLE = {
  anna: { name: "Anna Kurz", preferred_username: "anna", groups: [] }, // has an account at the cell
  dora: { name: "Dora Neu", preferred_username: "dora", groups: ["assembly"] }, // gets one
  carl: { name: "Carl Fremd", preferred_username: "carl", groups: ["office"] }, // belongs elsewhere
};

const server = createServer();
await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
const issuer = `http://localhost:${server.address().port}`; // another site than 127.0.0.1: no cookie goes along
const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
const provider = new Provider(issuer, {
  clients: [{ client_id: "tandem", client_secret: "the secret of the shop's cell", redirect_uris: [process.argv[2]], grant_types: ["authorization_code"], response_types: ["code"] }],
  claims: { openid: ["sub"], profile: ["name", "preferred_username", "groups"] },
  conformIdTokenClaims: false, // what the scopes ask for stands in the ID token
  cookies: { keys: ["of this test alone"] },
  jwks: { keys: [{ ...privateKey.export({ format: "jwk" }), kid: "first", use: "sig", alg: "RS256" }] },
  pkce: { required: () => true },
  features: { devInteractions: { enabled: true } }, // its own pages: any password is right
  findAccount: (_, sub) => ({ accountId: sub, claims: () => ({ sub, ...PEOPLE[sub] }) }),
});
server.on("request", provider.callback());
console.log(`ready ${issuer}`);
