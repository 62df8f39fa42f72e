//! `POST /token` with the token exchange grant (RFC 8693): a token of a trusted outside issuer opens one session.

use crate::http::claims::covers;
use crate::http::cookie::CookieMode;
use crate::http::error::ApiError;
use crate::http::form::Form;
use crate::middleware::bodies::Submission;
use crate::oauth_clients::Client;
use crate::routes::token_response::{ACCESS_TOKEN, exchange_response};
use crate::state::AppState;
use axum::http::HeaderMap;
use axum::response::Response;
use hallpass_client::{CommandError, IssueOptions};
use hallpass_issuers::{Login, Refusal};

/// The grant (RFC 8693 §2.1).
pub const TOKEN_EXCHANGE: &str = "urn:ietf:params:oauth:grant-type:token-exchange";
/// How far Redis' clock may be behind ours, in seconds.
const CLOCK_DIFFERENCE: u64 = 60;
/// The types of token that are taken (RFC 8693 §3).
const SUBJECT_TOKEN_TYPES: [&str; 2] =
    ["urn:ietf:params:oauth:token-type:id_token", "urn:ietf:params:oauth:token-type:jwt"];

/// The parameters.
struct Exchange<'f> {
    subject_token: &'f str,
    nonce: Option<&'f str>,
    scope: &'f str,
    cookie: Option<CookieMode>,
}

/// `SET hallpass:used:… NX`, then AUTH.ISSUE → 200 with a token response, or an error of RFC 8693 §2.2.2. Parameters:
/// `subject_token`, `subject_token_type`, `nonce`, `cookie`, `scope`, `audience`, `resource`, `requested_token_type`,
/// `client_id`, `client_secret`. All else is checked before the token counts as used; a session that cannot be made
/// afterwards has used it up.
pub async fn exchange(state: &AppState, submission: &Submission) -> Result<Response, ApiError> {
    let trusted = state.issuers.trusted();
    if trusted.is_empty() {
        return Err(ApiError::UnsupportedGrantType);
    }
    let Submission { headers, form, client, .. } = submission;
    state.clients.caller(client.clone(), form)?;
    let request = Exchange::read(state, headers, form)?;
    let login = trusted.judge(request.subject_token, request.nonce).await.map_err(refused)?;
    let key = state.key_of_subject(&login.subject)?;
    if !covers(login.scope.as_deref(), request.scope) {
        return Err(ApiError::InvalidScope);
    }
    if !state.store.use_outside_token(&login.fingerprint, login.expires_in).await? {
        return Err(ApiError::InvalidGrant("the subject_token was used before"));
    }
    exchange_response(issue(state, &key, &login, client.as_deref()).await?, request.cookie)
}

/// Begins the session. If Redis' clock is behind ours, a login of a moment ago is in its future, which it refuses; then
/// the login is that of now.
async fn issue(
    state: &AppState,
    key: &str,
    login: &Login,
    client: Option<&Client>,
) -> Result<Vec<u8>, CommandError> {
    let options = options(login, client);
    match state.store.issue_json(key, &options).await {
        Err(CommandError::Rejected(_)) if login.authenticated_ago < CLOCK_DIFFERENCE => {
            state.store.issue_json(key, &IssueOptions { auth_time: None, ..options }).await
        }
        result => result,
    }
}

/// Returns the command's options: what the token and the issuers file say, and the client that has authenticated, to
/// which the session is bound if it is confidential.
fn options<'a>(login: &'a Login, client: Option<&'a Client>) -> IssueOptions<'a> {
    IssueOptions {
        claims: login.claims.as_deref(),
        client: client.map(|client| client.id.as_str()),
        is_public: client.is_some_and(|client| !client.confidential),
        class: login.issuer.class.as_deref(),
        limit: login.issuer.limit,
        shared: login.issuer.shared,
        auth_time: Some(login.authenticated_at),
        ..IssueOptions::default()
    }
}

impl<'f> Exchange<'f> {
    /// Reads the parameters.
    fn read(state: &AppState, headers: &HeaderMap, form: &'f Form) -> Result<Self, ApiError> {
        check_types(form)?;
        check_target(form, state.audience()?.as_deref())?;
        let subject_token = form.get("subject_token");
        Ok(Self {
            subject_token: subject_token
                .ok_or_else(|| ApiError::invalid_request("subject_token is missing"))?,
            nonce: form.get("nonce"),
            scope: form.get("scope").unwrap_or_default(),
            cookie: match form.get("cookie") {
                None | Some("false") => None,
                Some("true") => Some(state.cookies.marked(headers)?),
                Some(_) => return Err(ApiError::invalid_request("cookie is true or false")),
            },
        })
    }
}

/// Refuses types of token that are not taken or not issued, and delegation.
fn check_types(form: &Form) -> Result<(), ApiError> {
    let missing = || ApiError::invalid_request("subject_token_type is missing");
    let problem = if !SUBJECT_TOKEN_TYPES.contains(&form.get("subject_token_type").ok_or_else(missing)?) {
        "the subject_token_type must be that of an id_token or jwt"
    } else if form.get("requested_token_type").is_some_and(|wanted| wanted != ACCESS_TOKEN) {
        "the requested_token_type must be that of an access_token"
    } else if form.get("actor_token").or(form.get("actor_token_type")).is_some() {
        "actor_token is not supported"
    } else {
        return Ok(());
    };
    Err(ApiError::invalid_request(problem))
}

/// Refuses a target that the session's tokens would not be meant for: the holder of an outside token does not choose it.
fn check_target(form: &Form, audience: Option<&str>) -> Result<(), ApiError> {
    let named = [form.get("audience"), form.get("resource")];
    let is_other = |target: &Option<&str>| target.is_some() && *target != audience;
    if named.iter().any(is_other) { Err(ApiError::InvalidTarget) } else { Ok(()) }
}

/// Converts the refusal of an outside token. An outage of its issuer says nothing about it.
fn refused(refusal: Refusal) -> ApiError {
    match refusal.is_temporary() {
        true => ApiError::Unavailable,
        false => ApiError::invalid_request(format!("the subject_token is refused: {refusal}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outside_issuers::OutsideIssuers;
    use crate::testing::{Answer, state};
    use axum::http::StatusCode;
    use std::sync::Arc;
    use tokio::sync::Semaphore;

    const ID_TOKEN: &str = "urn:ietf:params:oauth:token-type:id_token";

    async fn ask(issuers: &str, form: &str) -> Answer {
        let issuers = hallpass_issuers::parse(issuers.as_bytes()).expect("issuers");
        let state = AppState { issuers: OutsideIssuers::new(issuers), ..state() };
        let submission = Submission {
            headers: HeaderMap::new(),
            form: Form::parse(form).expect("a form"),
            client: None,
            _slot: Arc::new(Semaphore::new(1)).try_acquire_owned().expect("a slot"),
        };
        Answer::read(exchange(&state, &submission).await).await
    }

    #[tokio::test]
    async fn the_request_is_judged_before_the_token() {
        let issuers = r#"[{"issuer":"https://id.example","audience":"app"}]"#;
        let good = format!("subject_token=nonsense&subject_token_type={ID_TOKEN}");
        for (form, error) in [
            (String::new(), "invalid_request"),
            (format!("subject_token_type={ID_TOKEN}"), "invalid_request"),
            (format!("subject_token=x&subject_token_type={ACCESS_TOKEN}"), "invalid_request"),
            (format!("{good}&requested_token_type={ID_TOKEN}"), "invalid_request"),
            (format!("{good}&actor_token=x"), "invalid_request"),
            (format!("{good}&actor_token_type={ID_TOKEN}"), "invalid_request"),
            (format!("{good}&cookie=true"), "invalid_request"),
            (format!("{good}&cookie=1"), "invalid_request"),
            (format!("{good}&audience=other"), "invalid_target"),
            (format!("{good}&resource=https://other.example"), "invalid_target"),
            (format!("{good}&audience=api&resource=api"), "invalid_request"),
        ] {
            let answer = ask(issuers, &form).await;
            assert_eq!((answer.status, answer.error()), (StatusCode::BAD_REQUEST, error), "{form}");
        }
        let answer = ask(issuers, &good).await;
        assert_eq!(answer.body["error_description"], "the subject_token is refused: it is not a JWT");
        assert_eq!(ask("[]", &good).await.error(), "unsupported_grant_type");
    }

    #[test]
    fn an_outage_of_an_issuer_says_nothing_about_the_token() {
        assert_eq!(refused(Refusal::KeysUnavailable), ApiError::Unavailable);
        assert_eq!(refused(Refusal::Expired).code(), "invalid_request");
    }
}
