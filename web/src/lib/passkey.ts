// Passkeys with PRF: the browser's half of the two ceremonies. The PRF's output is what opens the twin's keys.

import { Problem, send } from "./api/door";
import { t } from "./i18n/index.svelte";

export const passkeysWork = (): boolean => typeof PublicKeyCredential === "function" && window.isSecureContext;

export const toBytes = (text: string): Uint8Array<ArrayBuffer> => Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (letter) => letter.charCodeAt(0));
export function toText(bytes: ArrayBuffer | Uint8Array): string {
  const list = bytes instanceof Uint8Array ? bytes : new Uint8Array(bytes);
  return btoa(String.fromCharCode(...list)).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

type Prf = { eval?: { first: string }; evalByCredential?: Record<string, { first: string }> };
interface Descriptor { id: string; type: "public-key"; transports?: AuthenticatorTransport[] }
interface GetOptions { challenge: string; rpId?: string; timeout?: number; userVerification?: UserVerificationRequirement; allowCredentials?: Descriptor[]; extensions?: { prf?: Prf } }
interface CreateOptions {
  challenge: string;
  rp: PublicKeyCredentialRpEntity;
  user: { id: string; name: string; displayName: string };
  pubKeyCredParams: PublicKeyCredentialParameters[];
  excludeCredentials?: Descriptor[];
  authenticatorSelection?: AuthenticatorSelectionCriteria;
  timeout?: number;
  attestation?: AttestationConveyancePreference;
  extensions?: { prf?: Prf };
}

const described = (list: Descriptor[] = []) => list.map((one) => ({ ...one, id: toBytes(one.id) }));
function prfOf(prf: Prf = {}): AuthenticationExtensionsClientInputs {
  const value = (one: { first: string }) => ({ first: toBytes(one.first) });
  return {
    prf: {
      ...(prf.eval && { eval: value(prf.eval) }),
      ...(prf.evalByCredential && { evalByCredential: Object.fromEntries(Object.entries(prf.evalByCredential).map(([id, one]) => [id, value(one)])) }),
    },
  };
}
function firstOf(credential: PublicKeyCredential): ArrayBuffer | undefined {
  const results = credential.getClientExtensionResults().prf?.results?.first;
  return results instanceof ArrayBuffer ? results : results ? (results.buffer.slice(results.byteOffset, results.byteOffset + results.byteLength) as ArrayBuffer) : undefined;
}
const noPrf = () => new Problem(0, "no_prf", t("passkey.noprf"));

async function get(options: GetOptions): Promise<PublicKeyCredential> {
  const publicKey = { ...options, challenge: toBytes(options.challenge), allowCredentials: described(options.allowCredentials), extensions: prfOf(options.extensions?.prf) };
  try {
    return (await navigator.credentials.get({ publicKey })) as PublicKeyCredential;
  } catch {
    throw new Problem(0, "passkey", t("passkey.cancelled"));
  }
}
function signed(credential: PublicKeyCredential) {
  const response = credential.response as AuthenticatorAssertionResponse;
  return {
    rawId: toText(credential.rawId),
    response: {
      clientDataJSON: toText(response.clientDataJSON),
      authenticatorData: toText(response.authenticatorData),
      signature: toText(response.signature),
      ...(response.userHandle && { userHandle: toText(response.userHandle) }),
    },
  };
}

const unwrap = <T>(options: T | { publicKey: T }): T => (typeof options === "object" && options !== null && "publicKey" in options ? options.publicKey : (options as T));

export async function signIn(): Promise<void> {
  const options = unwrap(await send<GetOptions | { publicKey: GetOptions }>("POST", "/auth/passkey/login/begin"));
  const credential = await get(options);
  const first = firstOf(credential);
  if (!first) throw noPrf();
  await send("POST", "/auth/passkey/login/finish", { credential: signed(credential), prf: toText(first) });
}

export async function register(name: string): Promise<void> {
  const options = unwrap(await send<CreateOptions | { publicKey: CreateOptions }>("POST", "/api/passkey/register/begin"));
  const publicKey: PublicKeyCredentialCreationOptions = {
    ...options,
    challenge: toBytes(options.challenge),
    user: { ...options.user, id: toBytes(options.user.id) },
    excludeCredentials: described(options.excludeCredentials),
    extensions: prfOf(options.extensions?.prf),
  };
  let credential: PublicKeyCredential;
  try {
    credential = (await navigator.credentials.create({ publicKey })) as PublicKeyCredential;
  } catch {
    throw new Problem(0, "passkey", t("passkey.cancelled"));
  }
  const response = credential.response as AuthenticatorAttestationResponse;
  let first = firstOf(credential);
  if (!first && options.extensions?.prf?.eval) {
    // Some authenticators give the output only when they are asked, not when they are made.
    const again = await get({
      challenge: options.challenge, rpId: options.rp.id, userVerification: "required",
      allowCredentials: [{ id: toText(credential.rawId), type: "public-key" }], extensions: { prf: { eval: options.extensions.prf.eval } },
    });
    first = firstOf(again);
  }
  if (!first) throw noPrf();
  const made = { rawId: toText(credential.rawId), response: { clientDataJSON: toText(response.clientDataJSON), attestationObject: toText(response.attestationObject) } };
  await send("POST", "/api/passkey/register/finish", { credential: made, prf: toText(first), name });
}
