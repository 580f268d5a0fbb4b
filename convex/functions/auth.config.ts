import type { AuthConfig } from "convex/server";

/**
 * Who may vouch for a user. Empty: nobody can sign in, so only a deployment that allows anonymous use answers at all.
 *
 * A provider is written here and not read from the environment: Convex refuses to deploy a file that mentions a variable
 * without a value. With OpenID Connect it is `{ domain: "https://issuer.example", applicationID: "the token's audience" }`.
 */
export default { providers: [] } satisfies AuthConfig;
