//! `POST /introspect`: token introspection (RFC 7662), for resource servers that cannot ask /verify.

use crate::http::error::ApiError;
use crate::middleware::bodies::Bodies;
use crate::oauth_clients::{Client, Scope, permitted};
use crate::state::AppState;
use axum::extract::{Request, State};
use axum::{Extension, Json};
use hallpass_client::{ANY_AUDIENCE, CommandError, Inspected, is_refresh_token};
use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The members of a response, each as JSON text: numbers stay as they were signed.
type Body = BTreeMap<String, Box<RawValue>>;

/// Answers 200 with the token's claims, or just `{"active": false}` if it is not active or not meant for an audience of
/// the client. Parameters: `token`, `token_type_hint`, `client_id`, `client_secret`.
pub async fn introspect(
    State(state): State<Arc<AppState>>,
    Extension(bodies): Extension<Bodies>,
    request: Request,
) -> Result<Json<Body>, ApiError> {
    let submission = bodies.form(&state.clients, request).await?;
    let client = permitted(submission.client, Scope::Introspect)?;
    let hint = submission.form.get("token_type_hint");
    let token = submission.form.get("token");
    let token = token.ok_or_else(|| ApiError::invalid_request("token is missing"))?;
    // A refresh token must not pass for an access token, so it is active only if the caller expects one.
    let key =
        state.key_of_token(token)?.filter(|_| !is_refresh_token(token) || hint == Some("refresh_token"));
    let Some(key) = key else { return Ok(Json(inactive())) };
    ask(&state, &client, &key, token).await.map(Json)
}

/// Asks AUTH.INSPECT about a refresh token, and AUTH.VERIFY about an access token. The audience may be any: whether the
/// client may see the token is checked afterwards.
async fn ask(state: &AppState, client: &Client, key: &str, token: &str) -> Result<Body, ApiError> {
    let body = if is_refresh_token(token) {
        let issuer = state.module()?.info.issuer.as_deref();
        let inspected = state.store.inspect(key, token, false).await;
        inspected.map(|token| Some(refresh_token_response(token, issuer, client)))
    } else {
        let claims = state.store.verify(key, token, Some(ANY_AUDIENCE)).await;
        claims.map(|claims| access_token_response(&claims, client))
    };
    match body {
        Ok(body) => body.ok_or(ApiError::Unavailable),
        Err(error) if is_about_the_token(&error) => Ok(inactive()),
        Err(error) => Err(error.into()),
    }
}

/// Returns whether the error is about the token, rather than about the attempt to check it.
fn is_about_the_token(error: &CommandError) -> bool {
    match error {
        CommandError::InvalidToken
        | CommandError::ExpiredToken
        | CommandError::NoSession
        | CommandError::ReusedToken
        | CommandError::StaleToken => true,
        CommandError::SessionLimit
        | CommandError::WrongType
        | CommandError::Rejected(_)
        | CommandError::Unavailable(_) => false,
    }
}

/// Returns the body for a token that is not active, or that the client may not see.
fn inactive() -> Body {
    [member("active", false)].into_iter().flatten().collect()
}

/// Returns a member of a body. Serializing texts, numbers and booleans cannot fail.
fn member(name: &str, value: impl Serialize) -> Option<(String, Box<RawValue>)> {
    Some((name.to_owned(), to_raw_value(&value).ok()?))
}

/// Returns the value of a member, if it is a string.
fn text(body: &Body, name: &str) -> Option<String> {
    serde_json::from_str(body.get(name)?.get()).ok()
}

/// Returns the body for a verified access token: all its claims, including custom ones, whose names never collide with
/// the members added here. `None` if `claims` is not a JSON object.
fn access_token_response(claims: &str, client: &Client) -> Option<Body> {
    let mut body: Body = serde_json::from_str(claims).ok()?;
    if !client.may_know_of(text(&body, "aud").as_deref()) {
        return Some(inactive());
    }
    // Applications may use the name for something else; here it must be a string or absent.
    if text(&body, "scope").is_none() {
        body.remove("scope");
    }
    let added = [member("active", true), member("token_type", "Bearer"), member("token_use", "access_token")];
    body.extend(added.into_iter().flatten());
    Some(body)
}

/// Returns the body for a refresh token.
fn refresh_token_response(token: Inspected, issuer: Option<&str>, client: &Client) -> Body {
    if !token.is_active || !client.may_know_of(token.aud.as_deref()) {
        return inactive();
    }
    let optional = |name: &str, value: Option<String>| value.and_then(|value| member(name, value));
    let time = |name: &str, value: Option<u64>| value.and_then(|value| member(name, value));
    let members = [
        member("active", true),
        member("token_use", "refresh_token"),
        optional("iss", issuer.map(str::to_owned)),
        member("sub", token.sub),
        member("sid", token.sid),
        time("exp", token.exp),
        time("iat", token.iat),
        optional("aud", token.aud),
        optional("client_id", token.client_id),
        optional("scope", token.scope),
    ];
    members.into_iter().flatten().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use hallpass_client::TokenState;
    use serde_json::{Value, json};

    fn access(claims: &str, client: &Client) -> Option<Value> {
        access_token_response(claims, client).map(value)
    }

    fn refresh(token: Inspected, issuer: Option<&str>, client: &Client) -> Value {
        value(refresh_token_response(token, issuer, client))
    }

    fn value(body: Body) -> Value {
        serde_json::to_value(body).expect("JSON")
    }

    fn client(audiences: Option<&[&str]>) -> Client {
        Client {
            id: "api".into(),
            scopes: vec![],
            audiences: audiences.map(|list| list.iter().map(|&name| name.to_owned()).collect()),
            confidential: false,
            secrets: vec![],
        }
    }

    fn inspected(aud: Option<&str>) -> Inspected {
        Inspected {
            is_active: true,
            state: Some(TokenState::Current),
            sub: "u".into(),
            sid: "s".into(),
            exp: Some(2),
            iat: Some(1),
            aud: aud.map(str::to_owned),
            ..Inspected::default()
        }
    }

    #[test]
    fn an_access_token_shows_its_claims() {
        let body = access(r#"{"sub":"u","jti":"j","scope":"a b","tier":"gold"}"#, &client(None));
        let expected = json!({"active": true, "token_type": "Bearer", "token_use": "access_token", "sub": "u",
            "jti": "j", "scope": "a b", "tier": "gold"});
        assert_eq!(body, Some(expected));
        let body = access(r#"{"sub":"u","scope":["a"]}"#, &client(None)).expect("claims");
        assert!(body.get("scope").is_none());
        assert_eq!(access("[]", &client(None)), None);
    }

    #[test]
    fn numbers_stay_as_they_were_signed() {
        let claims = r#"{"a":1e400,"b":-0,"c":18446744073709551616,"scope":1e400,"sub":"u"}"#;
        let body = access_token_response(claims, &client(None)).expect("claims");
        let numbers = ["a", "b", "c"].map(|name| body[name].get());
        assert_eq!(numbers, ["1e400", "-0", "18446744073709551616"]);
        assert!(!body.contains_key("scope"));
    }

    #[test]
    fn outside_of_the_clients_audiences_nothing_is_told() {
        let shop = client(Some(&["shop"]));
        assert_eq!(access(r#"{"sub":"u","aud":"shop"}"#, &shop).expect("claims")["sub"], "u");
        for claims in [r#"{"sub":"u","aud":"api"}"#, r#"{"sub":"u"}"#] {
            assert_eq!(access(claims, &shop), Some(value(inactive())), "{claims}");
        }
        assert_eq!(refresh(inspected(Some("shop")), None, &shop)["sub"], "u");
        for aud in [Some("api"), None] {
            assert_eq!(refresh(inspected(aud), None, &shop), value(inactive()), "{aud:?}");
        }
    }

    #[test]
    fn a_refresh_token_shows_what_is_known_of_it() {
        let body = refresh(inspected(None), Some("https://id.example"), &client(None));
        let expected = json!({"active": true, "token_use": "refresh_token", "iss": "https://id.example", "sub": "u",
            "sid": "s", "exp": 2, "iat": 1});
        assert_eq!(body, expected);
        let dead = Inspected { is_active: false, ..inspected(None) };
        assert_eq!(refresh(dead, None, &client(None)), value(inactive()));
    }
}
