//! Wrong outside tokens, each wrong in one way only: every one is refused with a reason, and none opens a session.

use serde_json::json;

use super::*;
use crate::support::{
    keyring::hmac_sha256,
    outside_issuer::unix_seconds,
    tokens::{base64, unbase64},
};

/// Four trusted issuers, and a key that nobody trusts.
struct Fixture {
    redis: Redis,
    server: Server,
    /// `a:{sub}`, ES256 only.
    plain: OutsideIssuer,
    key: IssuerKey,
    /// A key that the first issuer published before the other one, and does not any more.
    withdrawn: IssuerKey,
    /// `b:{sub}`, any algorithm, `max_age` of an hour.
    recent: OutsideIssuer,
    recent_key: IssuerKey,
    /// `c:{email}`, with the key id of the first issuer.
    mail: OutsideIssuer,
    mail_key: IssuerKey,
    strange_key: IssuerKey,
}

impl Fixture {
    fn new() -> Self {
        let (key, withdrawn) = (IssuerKey::new("ES256", "k1"), IssuerKey::new("ES256", "k0"));
        let (recent_key, mail_key) = (IssuerKey::new("EdDSA", "k2"), IssuerKey::new("ES256", "k1"));
        let plain = OutsideIssuer::with(&[&withdrawn]);
        let (recent, mail) = (OutsideIssuer::with(&[&recent_key]), OutsideIssuer::with(&[&mail_key]));
        let redis = redis();
        let file = json!([
            entry(&plain, &json!({"subject": "a:{sub}", "algorithms": ["ES256"]})),
            entry(&recent, &json!({"subject": "b:{sub}", "max_age": 3600})),
            entry(&mail, &json!({"subject": "c:{email}"})),
        ]);
        let server = serve(&redis, &file, &[]);
        let strange_key = IssuerKey::new("ES256", "k1");
        Self { redis, server, plain, key, withdrawn, recent, recent_key, mail, mail_key, strange_key }
    }

    /// The claims of the first issuer with these instead.
    fn claims(&self, claims: &Json) -> Json {
        merged(&self.plain.claims("42"), claims)
    }

    /// A token of the first issuer with these claims.
    fn with(&self, claims: &Json) -> String {
        self.key.token(&self.claims(claims))
    }

    /// A token of the first issuer with these members in its header.
    fn header(&self, members: &Json) -> String {
        self.key.token_with(&merged(&self.key.header(), members), &self.claims(&json!({})))
    }

    /// A token of the first issuer, made of these texts.
    fn text(&self, header: &str, claims: &str) -> String {
        self.key.token_of_text(header, claims)
    }

    /// A token of the second issuer, which must be of a recent login.
    fn recent(&self, claims: &Json) -> String {
        self.recent_key.token(&merged(&self.recent.claims("42"), claims))
    }

    /// A token of the third issuer, whose subject is the email.
    fn mail(&self, claims: &Json) -> String {
        self.mail_key.token(&merged(&self.mail.claims("42"), claims))
    }

    /// A token whose HMAC is made with something public.
    fn hmac(&self, alg: &str, secret: &[u8]) -> String {
        let header = json!({"alg": alg, "kid": self.key.kid(), "typ": "JWT"}).to_string();
        let signed = format!("{}.{}", base64(header), base64(self.claims(&json!({})).to_string()));
        let mac = base64(hmac_sha256(secret, signed.as_bytes()));
        format!("{signed}.{mac}")
    }

    /// A token without a signature.
    fn unsigned(&self, alg: &str) -> String {
        let header = json!({ "alg": alg, "typ": "JWT" }).to_string();
        format!("{}.{}.", base64(header), base64(self.claims(&json!({})).to_string()))
    }

    /// Every wrong token: what is wrong with it, the token, and a word of the reason.
    fn wrong(&self) -> Vec<(&'static str, String, &'static str)> {
        let all = [self.wrong_issuers(), self.wrong_keys(), self.wrong_headers(), self.wrong_audiences()];
        let more = [self.wrong_times(), self.wrong_subjects(), self.wrong_forms()];
        all.into_iter().chain(more).flatten().collect()
    }

    fn wrong_issuers(&self) -> Vec<(&'static str, String, &'static str)> {
        let url = self.plain.url();
        let ours = self.server.login("42");
        let (access, refresh) = (ours.text_of("access_token"), ours.text_of("refresh_token"));
        vec![
            ("an issuer that is not trusted", self.with(&json!({"iss": "https://evil.example"})), "issuer"),
            ("the issuer with a slash", self.with(&json!({"iss": format!("{url}/")})), "issuer"),
            ("the issuer in capitals", self.with(&json!({"iss": url.to_uppercase()})), "issuer"),
            ("no issuer", self.with(&json!({"iss": null})), "issuer"),
            ("a list of issuers", self.with(&json!({"iss": [url]})), "issuer"),
            ("our own access token", access, "issuer"),
            ("our own refresh token", refresh, "not a JWT"),
            ("our own issuer's name", self.with(&json!({"iss": http_server::ISSUER})), "issuer"),
        ]
    }

    fn wrong_keys(&self) -> Vec<(&'static str, String, &'static str)> {
        let claims = self.claims(&json!({}));
        let jwk = self.strange_key.public();
        let good = self.with(&json!({}));
        let (signed, signature) = good.rsplit_once('.').unwrap();
        let mut bytes = unbase64(signature);
        bytes[40] ^= 1;
        let (head, _) = signed.split_once('.').unwrap();
        let changed = base64(self.claims(&json!({"sub": "admin"})).to_string());
        let embedded = json!({"alg": "ES256", "typ": "JWT", "jwk": jwk, "kid": "k1"});
        let elsewhere =
            json!({"alg": "ES256", "kid": "k1", "jku": self.mail.jwks_uri(), "x5u": self.mail.jwks_uri()});
        vec![
            ("a key that nobody published", self.strange_key.token(&claims), "signature"),
            ("its key in its own header", self.strange_key.token_with(&embedded, &claims), "signature"),
            ("a key elsewhere", self.mail_key.token_with(&elsewhere, &claims), "signature"),
            ("another issuer's key and key id", self.recent_key.token(&claims), "alg"),
            ("another issuer's key of the same key id", self.mail_key.token(&claims), "signature"),
            ("a key id of nobody", self.header(&json!({"kid": "k9"})), "no such key"),
            ("an empty key id", self.header(&json!({"kid": ""})), "no such key"),
            ("a key id that is a path", self.header(&json!({"kid": "../../../dev/null"})), "no such key"),
            ("a key id that is a number", self.header(&json!({"kid": 1})), "not a JWT"),
            ("a key that was withdrawn", self.withdrawn.token(&claims), "no such key"),
            ("another bit in the signature", format!("{signed}.{}", base64(bytes)), "signature"),
            ("no signature", format!("{signed}."), "signature"),
            ("a zero signature", format!("{signed}.{}", base64([0; 64])), "signature"),
            ("other claims under the signature", format!("{head}.{changed}.{signature}"), "signature"),
        ]
    }

    fn wrong_headers(&self) -> Vec<(&'static str, String, &'static str)> {
        let public = self.key.public();
        let claims = self.claims(&json!({}));
        vec![
            ("HS256 by the public point", self.hmac("HS256", &self.key.public_bytes()), "alg"),
            ("HS256 by the public JWK", self.hmac("HS256", public.to_string().as_bytes()), "alg"),
            ("HS512 by nothing", self.hmac("HS512", b""), "alg"),
            ("none", self.unsigned("none"), "alg"),
            ("None", self.unsigned("None"), "alg"),
            ("no algorithm", self.header(&json!({"alg": null})), "alg"),
            (
                "an algorithm that the file does not allow",
                IssuerKey::new("EdDSA", "k1").token(&claims),
                "alg",
            ),
            ("the name of another algorithm", self.header(&json!({"alg": "ES384"})), "alg"),
            ("an algorithm of no text", self.header(&json!({"alg": ["ES256"]})), "alg"),
            ("an access token's typ", self.header(&json!({"typ": "at+jwt"})), "typ"),
            ("a logout token's typ", self.header(&json!({"typ": "logout+jwt"})), "typ"),
            ("a typ of no text", self.header(&json!({"typ": 1})), "typ"),
            ("a critical extension", self.header(&json!({"crit": ["b64"], "b64": false})), "not supported"),
            ("a nested token announced", self.header(&json!({"cty": "JWT"})), "not supported"),
        ]
    }

    fn wrong_audiences(&self) -> Vec<(&'static str, String, &'static str)> {
        let aud = |aud: Json, azp: Json| self.with(&json!({"aud": aud, "azp": azp}));
        vec![
            ("another audience", aud(json!("other"), json!("app")), "audience"),
            ("an audience that begins like ours", aud(json!("app2"), json!(null)), "audience"),
            ("no audience", aud(json!(null), json!(null)), "aud"),
            ("an empty list of audiences", aud(json!([]), json!("app")), "audience"),
            ("audiences of no text", aud(json!(["app", 1]), json!("app")), "aud"),
            ("several audiences and no azp", aud(json!(["app", "other"]), json!(null)), "party"),
            ("several audiences and another azp", aud(json!(["app", "other"]), json!("other")), "party"),
        ]
    }

    fn wrong_times(&self) -> Vec<(&'static str, String, &'static str)> {
        let now = unix_seconds();
        let fresh = json!({"iat": now, "auth_time": now - 3700});
        vec![
            ("expired", self.with(&json!({"exp": now - 1})), "expired"),
            ("expired for years", self.with(&json!({"exp": 1})), "expired"),
            ("no exp", self.with(&json!({"exp": null})), "exp"),
            ("an exp of no number", self.with(&json!({"exp": (now + 60).to_string()})), "exp"),
            ("no iat", self.with(&json!({"iat": null})), "iat"),
            ("issued in the future", self.with(&json!({"iat": now + 600})), "not valid yet"),
            ("valid in the future", self.with(&json!({"nbf": now + 600})), "not valid yet"),
            ("valid for years", self.with(&json!({"exp": now + 100_000_000})), "too long"),
            ("valid for 25 hours", self.with(&json!({"exp": now + 90_000})), "too long"),
            ("a fresh token of an old login", self.recent(&fresh), "too long ago"),
            ("no auth_time where it counts", self.recent(&json!({})), "auth_time"),
            ("a login in the future", self.recent(&json!({"auth_time": now + 600})), "not valid yet"),
        ]
    }

    fn wrong_subjects(&self) -> Vec<(&'static str, String, &'static str)> {
        let events = json!({"http://schemas.openid.net/event/backchannel-logout": {}});
        let email = json!({"email": "ada@example.com", "email_verified": false});
        let claimed = json!({"email": "ada@example.com", "email_verified": "true"});
        vec![
            ("no sub", self.with(&json!({"sub": null})), "sub"),
            ("an empty sub", self.with(&json!({"sub": ""})), "sub"),
            ("a sub of no text", self.with(&json!({"sub": 42})), "sub"),
            ("a sub that is too long", self.with(&json!({"sub": "x".repeat(254)})), "subject"),
            ("control characters in the sub", self.with(&json!({"sub": "a\nb"})), "subject"),
            ("an email that is not verified", self.mail(&email), "not verified"),
            ("an email that is said to be verified", self.mail(&claimed), "not verified"),
            (
                "an email that nobody verifies",
                self.mail(&json!({"email": "ada@example.com"})),
                "not verified",
            ),
            ("no email", self.mail(&json!({"email_verified": true})), "made of"),
            ("a logout token", self.with(&json!({"events": events, "sid": "s"})), "security event"),
        ]
    }

    fn wrong_forms(&self) -> Vec<(&'static str, String, &'static str)> {
        let header = self.key.header().to_string();
        let claims = self.claims(&json!({})).to_string();
        let good = self.with(&json!({}));
        let before = &claims[..claims.len() - 1];
        let deep = format!("{before},\"x\":{}1{}}}", "[".repeat(20), "]".repeat(20));
        let twice = format!("{before},\"sub\":\"admin\"}}");
        let inside = format!("{before},\"x\":{{\"a\":1,\"\\u0061\":2}}}}");
        let header_twice = format!("{},\"alg\":\"none\"}}", &header[..header.len() - 1]);
        let long = self.with(&json!({"x": "y".repeat(6_200)}));
        assert!((8_193..16_000).contains(&long.len()), "it fits into a body: {}", long.len());
        vec![
            ("an oversized token", long, "too long"),
            ("a token inside of a token", self.text(&header, &good), "not a JWT"),
            ("a token inside of a string", self.text(&header, &json!(good).to_string()), "not a JWT"),
            ("claims that nest too deep", self.text(&header, &deep), "not a JWT"),
            ("a claim twice", self.text(&header, &twice), "not a JWT"),
            ("a member twice, escaped, deep inside", self.text(&header, &inside), "not a JWT"),
            ("an algorithm twice", self.text(&header_twice, &claims), "not a JWT"),
            ("claims that are a list", self.text(&header, "[]"), "not a JWT"),
            ("claims with something behind", self.text(&header, &format!("{claims}{{}}")), "not a JWT"),
            ("a fourth part", format!("{good}.x"), "not a JWT"),
            ("two parts", good.rsplit_once('.').unwrap().0.to_owned(), "not a JWT"),
            ("padding", good.replacen('.', "=.", 1), "not a JWT"),
            ("a space", format!(" {good}"), "not a JWT"),
            ("nonsense", "nonsense".to_owned(), "not a JWT"),
        ]
    }
}

#[test]
fn every_wrong_token_is_refused_with_its_reason_and_none_opens_a_session() {
    let fixture = Fixture::new();
    let old = fixture.withdrawn.token(&fixture.claims(&json!({})));
    assert_eq!(exchange(&fixture.server, &old, &[]).status, 200, "before the key was withdrawn");
    fixture.plain.publish(&[&fixture.key]);
    assert_eq!(exchange(&fixture.server, &fixture.with(&json!({})), &[]).status, 200, "the new key");

    let wrong = fixture.wrong();
    assert!(wrong.len() >= 50, "{}", wrong.len());
    let issued = fixture.redis.connect().counter("issued");
    for (what, token, reason) in &wrong {
        let answer = exchange(&fixture.server, token, &[]);
        assert_eq!(answer.error(), (400, "invalid_request".into()), "{what}: {answer:?}");
        assert!(!answer.has_header("set-cookie"), "{what}");
        let description = answer.text_of("error_description");
        assert!(description.contains(reason), "{what}: {description:?} should say {reason:?}");
        assert!(!answer.text.contains("42") && !answer.text.contains("ada"), "{what}: nothing is repeated");
    }
    for (token, nonce) in [(fixture.with(&json!({"nonce": "n"})), "m"), (fixture.with(&json!({})), "n")] {
        let answer = exchange(&fixture.server, &token, &[("nonce", nonce)]);
        assert_eq!(answer.error(), (400, "invalid_request".into()));
        assert!(answer.text_of("error_description").contains("nonce"), "{answer:?}");
    }
    for token in [&old, &fixture.withdrawn.sign_again(&old)] {
        let answer = exchange(&fixture.server, token, &[]);
        assert_eq!(answer.error(), (400, "invalid_request".into()), "replayed, and its key is gone");
    }
    assert_eq!(fixture.redis.connect().counter("issued"), issued, "no session began");
    let used: Vec<String> = fixture.redis.connect().get(&["KEYS", "hallpass:used:*"]);
    assert_eq!(used.len(), 2, "no token was used up: {used:?}");
    let log = fixture.server.log();
    assert!(
        wrong.iter().all(|(_, token, _)| token.len() < 20 || !log.contains(token)),
        "tokens stay out of the log"
    );
    assert!(!log.contains("panicked"), "{log}");
}

#[test]
fn what_every_wrong_token_was_made_from_is_good() {
    let fixture = Fixture::new();
    fixture.plain.publish(&[&fixture.key]);
    let now = unix_seconds();
    let email = json!({"email": "ada@example.com", "email_verified": true});
    for (what, token) in [
        ("a plain one", fixture.with(&json!({}))),
        ("several audiences and ours as azp", fixture.with(&json!({"aud": ["app", "other"], "azp": "app"}))),
        ("no typ", fixture.header(&json!({"typ": null}))),
        ("a key elsewhere that is not asked", fixture.header(&json!({"jku": "https://evil.example/jwks"}))),
        ("a clock that is a little ahead", fixture.with(&json!({"iat": now + 5, "nbf": now + 5}))),
        ("an hour's login", fixture.recent(&json!({"auth_time": now - 3500}))),
        ("a verified email", fixture.mail(&email)),
        ("text rather than JSON of ours", {
            let claims = fixture.claims(&json!({})).to_string();
            fixture.text(&fixture.key.header().to_string(), &format!(" {claims}\n"))
        }),
    ] {
        let answer = exchange(&fixture.server, &token, &[]);
        assert_eq!(answer.status, 200, "{what}: {answer:?}");
    }
}
