/**
 * Hallpass in a browser: keeps a user logged in without the page ever seeing a refresh token.
 *
 * The access token lives in this page's memory only. The refresh token lives in a cookie that no script can read; the
 * server takes it at `/token` and `/revoke`. When the access token has expired, it is refreshed once, for all requests
 * that wait and for all tabs of the browser, and the requests are repeated.
 *
 *     import { Hallpass } from "hallpass-browser";
 *     const hallpass = new Hallpass();
 *     await hallpass.login({ name: "ada", password: "…" });
 *     const orders = await hallpass.fetch("/api/orders");
 *
 * No dependencies. Needs Chrome or Edge 103, Firefox 100 or Safari 16, or a later version. Where the Web Locks API or
 * BroadcastChannel is missing (such as on a page without https), each tab refreshes on its own, and the server gives all of
 * them the same answer. The module can also be imported and constructed outside of a browser, for pages that are rendered on
 * a server: nobody is logged in there.
 *
 * @module
 */
/**
 * The reason for which a call failed.
 *
 * `code` is an OAuth 2.0 error code of the server, or one of this module:
 *
 * - `network_error`: no answer came;
 * - `invalid_response`: an answer came from something that is not Hallpass;
 * - `cookie_not_kept`: the login succeeded, but the browser did not keep its cookie; the message says what to check;
 * - `session_changed`: a request was made in one session, and another has begun in this browser, so it was not sent;
 * - `no_browser`: only a browser has cookies.
 *
 * A temporary error says nothing about the session: the user is still logged in, and the call may be made again later.
 */
export declare class HallpassError extends Error {
    code: string;
    isTemporary: boolean;
    /** The HTTP status of the answer; 0 without one. */
    status: number;
    /**
     * @param {string} code what went wrong, for programs
     * @param {string} message what went wrong, for people
     * @param {{ isTemporary?: boolean, status?: number, cause?: unknown }} [more]
     */
    constructor(code: string, message: string, { isTemporary, status, cause }?: {
        isTemporary?: boolean;
        status?: number;
        cause?: unknown;
    });
}
export type Options = {
    /**
     * the application's own login endpoint; `/login`
     */
    loginUrl?: string;
    /**
     * the server's token endpoint, on the host of the login endpoint; `/token`
     */
    tokenUrl?: string;
    /**
     * the server's revocation endpoint, on the same host; `/revoke`
     */
    revokeUrl?: string;
    /**
     * `include` when these three are on another origin than the page; by default
     * `same-origin`
     */
    credentials?: RequestCredentials;
    /**
     * further origins whose requests get the access token; by default only the page's own and
     * that of the token endpoint
     */
    origins?: string[];
};
export type OutsideToken = {
    /**
     * the ID token, or another JWT
     */
    subject_token: string;
    /**
     * that of an ID token by default
     */
    subject_token_type?: string;
    /**
     * the one that was sent to the identity provider
     */
    nonce?: string;
};
export type Tokens = {
    access_token: string;
    /**
     * in seconds
     */
    expires_in: number;
    session_id: string;
    scope?: string;
};
export type Failure = {
    code: string;
    message: string;
    isTemporary: boolean;
    status: number;
};
/**
 * @typedef {object} Options
 * @property {string} [loginUrl] the application's own login endpoint; `/login`
 * @property {string} [tokenUrl] the server's token endpoint, on the host of the login endpoint; `/token`
 * @property {string} [revokeUrl] the server's revocation endpoint, on the same host; `/revoke`
 * @property {RequestCredentials} [credentials] `include` when these three are on another origin than the page; by default
 *   `same-origin`
 * @property {string[]} [origins] further origins whose requests get the access token; by default only the page's own and
 *   that of the token endpoint
 */
/**
 * @typedef {object} OutsideToken a token of an identity provider that Hallpass trusts, as parameters of RFC 8693
 * @property {string} subject_token the ID token, or another JWT
 * @property {string} [subject_token_type] that of an ID token by default
 * @property {string} [nonce] the one that was sent to the identity provider
 */
/**
 * @typedef {object} Tokens what the server answers, without the refresh token
 * @property {string} access_token
 * @property {number} expires_in in seconds
 * @property {string} session_id
 * @property {string} [scope]
 */
/**
 * @typedef {{ code: string, message: string, isTemporary: boolean, status: number }} Failure why a refresh failed, as tabs
 *   tell each other
 */
/**
 * A user's session in this browser.
 *
 * Dispatches `login` when a session begins in this tab or in another one, and `logout` when it has ended, wherever and
 * for whatever reason.
 */
export declare class Hallpass extends EventTarget {
    #private;
    /** @param {Options} [options] */
    constructor({ loginUrl, tokenUrl, revokeUrl, credentials, origins, }?: Options);
    /** Whether this tab knows of a session. After loading a page, {@link restore} finds out. */
    get isLoggedIn(): boolean;
    /** The id of the session; `null` without one. */
    get sessionId(): string | null;
    /**
     * Logs in at the application, which passes on the answer of `POST /sessions` with its `Set-Cookie`. Then refreshes once,
     * to check that the browser has kept the cookie and sends it.
     *
     * With the token of an outside identity provider, logs in at Hallpass itself. Such a token is good for one login: when the
     * answer is lost, get a new one.
     *
     * @param {OutsideToken | object} credentials an outside token, or what is sent as JSON; the application defines its members
     * @returns {Promise<Tokens>} what was answered
     * @throws {HallpassError} when the login is refused, or the cookie was not kept; then the new session is ended
     */
    login(credentials: OutsideToken | object): Promise<Tokens>;
    /**
     * Finds out whether the user is still logged in, for a page that needs to know before its first request.
     *
     * @returns {Promise<boolean>}
     * @throws {HallpassError} when the server could not tell; the session is as it was
     */
    restore(): Promise<boolean>;
    /**
     * Gets a new access token; concurrent calls share one request.
     *
     * @returns {Promise<boolean>} `false` when nobody is logged in
     * @throws {HallpassError} when the server could not tell; the session is as it was
     */
    refresh(): Promise<boolean>;
    /**
     * Ends the session, here and in all tabs.
     *
     * @returns {Promise<void>}
     * @throws {HallpassError} when the server could not be told; then the user is still logged in
     */
    logout(): Promise<void>;
    /**
     * Fetches with the access token. When the token has expired or is refused, it is refreshed, and the request is repeated
     * once. Requests to other origins are sent without it. An aborted request does not wait for the refresh, which goes on.
     *
     * @param {RequestInfo | URL} input
     * @param {RequestInit} [init]
     * @returns {Promise<Response>} 401 when the user is not logged in
     * @throws {HallpassError} when a refresh was needed and could not be made, or brought another session than the one in
     *   which the request was made
     */
    fetch(input: RequestInfo | URL, init?: RequestInit): Promise<Response>;
}
