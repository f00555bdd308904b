// Who is signed in. The key stays in this browser: in the tab alone, or on this device if asked.

const KEY = "personae.key";
const listeners = new Set();

export const session = {
  key: sessionStorage.getItem(KEY) ?? localStorage.getItem(KEY) ?? "",
  /** What `GET /account` says (`balance` null if it may not be seen), and of the key `scopes`,
   *  `operator`, `key_id`, and what one has to know of the `service`. */
  account: null,

  /** Keep a key; on this device, or in this tab alone. */
  keep(key, { remember }) {
    this.key = key;
    sessionStorage.setItem(KEY, key);
    if (remember) localStorage.setItem(KEY, key);
    else localStorage.removeItem(KEY);
  },

  forget() {
    this.key = "";
    this.account = null;
    sessionStorage.removeItem(KEY);
    localStorage.removeItem(KEY);
  },

  /** Whether the key has a scope; unknown counts as yes, and the service has the last word. */
  can(scope) {
    const scopes = this.account?.scopes;
    return !scopes || scopes.includes(scope) || scopes.includes("*");
  },

  /** Be told when the account has been looked at anew. */
  onchange(listener) {
    listeners.add(listener);
    return () => listeners.delete(listener);
  },

  update(account) {
    this.account = account;
    for (const one of listeners) one(account);
  },
};
