//! What secures the connections to Redis besides their address: a password that stands in no URL, and certificates.

use redis::{
    Client, ClientTlsConfig, ConnectionInfo, ErrorKind, IntoConnectionInfo, RedisResult, TlsCertificates,
};

/// A password and certificates. They are secrets, so this has neither `Debug` nor `Display`.
#[derive(Clone, Default)]
pub struct Security {
    password: Option<String>,
    authority: Option<Vec<u8>>,
    certificate: Option<ClientTlsConfig>,
}

impl Security {
    /// Authenticates with this password, as the user of the address. Sentinels have passwords of their own.
    pub fn with_password(self, password: String) -> Self {
        Self { password: Some(password), ..self }
    }

    /// Trusts the certificates that these authorities have signed, and no others. PEM, for TLS addresses only.
    pub fn with_authority(self, pem: Vec<u8>) -> Self {
        Self { authority: Some(pem), ..self }
    }

    /// Shows this certificate to servers that ask for one. PEM, for TLS addresses only.
    pub fn with_certificate(self, certificate: Vec<u8>, key: Vec<u8>) -> Self {
        let certificate = ClientTlsConfig { client_cert: certificate, client_key: key };
        Self { certificate: Some(certificate), ..self }
    }

    /// Returns the certificates, if there are any.
    pub(crate) fn certificates(&self) -> Option<TlsCertificates> {
        let certificates =
            TlsCertificates { client_tls: self.certificate.clone(), root_cert: self.authority.clone() };
        (self.certificate.is_some() || self.authority.is_some()).then_some(certificates)
    }

    /// Returns what it takes to connect to a server that knows the certificates only, such as a Sentinel.
    pub(crate) fn certified(&self, url: &str) -> RedisResult<ConnectionInfo> {
        match self.certificates() {
            Some(certificates) => {
                Client::build_with_tls(url, certificates).map(|client| client.get_connection_info().clone())
            }
            None => url.into_connection_info(),
        }
    }

    /// Returns what it takes to connect to a server.
    pub(crate) fn secured(&self, url: &str) -> RedisResult<ConnectionInfo> {
        let info = self.certified(url)?;
        let Some(password) = &self.password else { return Ok(info) };
        if info.redis_settings().password().is_some() {
            return Err((ErrorKind::InvalidClientConfig, "there are two passwords").into());
        }
        let settings = info.redis_settings().clone().set_password(password);
        Ok(info.set_redis_settings(settings))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use redis::ConnectionAddr;

    #[test]
    fn the_password_is_added_to_the_user_of_the_address() {
        let security = Security::default().with_password("p w".into());
        let info = security.secured("redis://server@h:1/2").expect("an address");
        let settings = info.redis_settings();
        assert_eq!(
            (settings.username(), settings.password(), settings.db()),
            (Some("server"), Some("p w"), 2)
        );
        assert!(security.secured("redis://:other@h:1").is_err(), "one is enough");
        assert_eq!(security.certified("redis://h:1").expect("an address").redis_settings().password(), None);
    }

    #[test]
    fn certificates_are_for_tls_and_must_be_some() {
        let security = Security::default().with_authority(b"nothing".to_vec());
        assert!(security.secured("redis://h:1").is_err());
        assert!(
            security
                .secured("rediss://h:1")
                .is_ok_and(|info| matches!(info.addr(), ConnectionAddr::TcpTls { .. }))
        );
        let security = Security::default().with_certificate(b"nothing".to_vec(), b"nothing".to_vec());
        assert!(security.secured("rediss://h:1").is_err());
    }
}
