//! Why no answer came.

use std::error::Error;
use std::fmt;
use std::io;
use std::time::Duration;

use tokio_rustls::rustls::{self, CertificateError};

use crate::text::escaped;

/// Why a server did not answer.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum NetworkError {
    /// The name has no address.
    NoSuchHost { host: String, cause: String },
    /// Nothing listens at the address.
    Refused { address: String },
    /// No route, or the connection was lost.
    Unreachable { address: String, cause: String },
    /// The certificate is for other names.
    TlsName { host: String, cause: String },
    /// Nobody whom this machine trusts issued the certificate.
    Untrusted { host: String },
    /// The certificate is no longer valid, or not yet.
    Expired { host: String, cause: String },
    /// The server speaks no TLS.
    NotTls { address: String },
    /// TLS failed otherwise.
    Tls { host: String, cause: String },
    /// No answer in time.
    Timeout {
        waiting_for: &'static str,
        address: String,
        limit: Duration,
    },
    /// The response is not HTTP.
    NotHttp {
        address: String,
        tls: bool,
        cause: String,
    },
    /// The connection ended before the response.
    Closed { address: String, cause: String },
    /// Not sent, because of `--preflight-only`.
    NotSent,
    /// Not sent, because an engine asks for what the chosen one did not.
    NotAsked,
    /// Not sent, because the audit has sent as many requests as it may.
    TooMany { limit: usize },
}

impl NetworkError {
    /// A stable name.
    pub(crate) fn code(&self) -> &'static str {
        match self {
            Self::NoSuchHost { .. } => "no-such-host",
            Self::Refused { .. } => "connection-refused",
            Self::Unreachable { .. } => "unreachable",
            Self::TlsName { .. } => "tls-name",
            Self::Untrusted { .. } => "tls-untrusted",
            Self::Expired { .. } => "tls-expired",
            Self::NotTls { .. } => "not-tls",
            Self::Tls { .. } => "tls-failed",
            Self::Timeout { .. } => "timeout",
            Self::NotHttp { .. } => "not-http",
            Self::Closed { .. } => "connection-closed",
            Self::NotSent => "not-sent",
            Self::NotAsked => "not-asked",
            Self::TooMany { .. } => "too-many-requests",
        }
    }

    /// What to try.
    pub(crate) fn help(&self) -> String {
        match self {
            Self::NoSuchHost { .. } => {
                "check the spelling of the host; a name of a private network needs its DNS or VPN; \
                 `--resolve HOST:PORT:ADDRESS` gives it an address"
                    .to_owned()
            }
            Self::Refused { .. } => {
                "start the server, or check the port; a server in a container must listen on 0.0.0.0, not on 127.0.0.1".to_owned()
            }
            Self::Unreachable { .. } => "check the network, the VPN and the firewall between".to_owned(),
            Self::TlsName { .. } => {
                "browsers reject it too: use a name of the certificate, or issue the certificate for this name".to_owned()
            }
            Self::Untrusted { .. } => {
                "browsers reject it too, unless its authority is installed in them: send the whole chain (nginx: \
                 `fullchain.pem`); for an authority of your own use `--cacert FILE`"
                    .to_owned()
            }
            Self::Expired { .. } => "browsers reject it too: renew the certificate, and check this machine's clock".to_owned(),
            Self::NotTls { .. } => "write `http://` in the URL, or check the port".to_owned(),
            Self::Tls { .. } => "check the server's TLS configuration; TLS 1.2 and 1.3 are tried".to_owned(),
            Self::Timeout { .. } => {
                "check whether a firewall drops the connection; `--timeout SECONDS` waits longer".to_owned()
            }
            Self::NotHttp { tls: false, .. } => {
                "check the port; if the server speaks TLS there, write `https://` in the URL".to_owned()
            }
            Self::NotHttp { tls: true, .. } => "check the port".to_owned(),
            Self::Closed { .. } => {
                "look into the server's log: it ended the connection without an answer; if it speaks TLS at this port, write \
                 `https://` in the URL"
                    .to_owned()
            }
            Self::NotSent | Self::NotAsked => "leave out `--preflight-only`".to_owned(),
            Self::TooMany { .. } => "raise `--max-requests`, or allow fewer origins".to_owned(),
        }
    }

    /// Classifies a failure to connect.
    pub(super) fn connect(error: &io::Error, address: String) -> Self {
        match error.kind() {
            io::ErrorKind::ConnectionRefused => Self::Refused { address },
            _ => Self::Unreachable {
                address,
                cause: error.to_string(),
            },
        }
    }

    /// Classifies a failure of the TLS handshake.
    pub(super) fn tls(error: &io::Error, host: &str, address: String) -> Self {
        let host = host.to_owned();
        let cause = error
            .get_ref()
            .and_then(|cause| cause.downcast_ref::<rustls::Error>());
        match cause {
            Some(rustls::Error::InvalidCertificate(reason)) => {
                let cause = reason.to_string();
                match reason {
                    CertificateError::NotValidForName
                    | CertificateError::NotValidForNameContext { .. } => {
                        Self::TlsName { host, cause }
                    }
                    CertificateError::Expired
                    | CertificateError::ExpiredContext { .. }
                    | CertificateError::NotValidYet
                    | CertificateError::NotValidYetContext { .. } => Self::Expired { host, cause },
                    CertificateError::UnknownIssuer | CertificateError::BadSignature => {
                        Self::Untrusted { host }
                    }
                    CertificateError::Other(other)
                        if other.to_string().contains("CaUsedAsEndEntity") =>
                    {
                        Self::Untrusted { host }
                    }
                    _ => Self::Tls { host, cause },
                }
            }
            Some(rustls::Error::InvalidMessage(_)) => Self::NotTls { address },
            Some(cause) => Self::Tls {
                host,
                cause: cause.to_string(),
            },
            None if error.kind() == io::ErrorKind::UnexpectedEof => Self::Closed {
                address,
                cause: "during the TLS handshake".to_owned(),
            },
            None => Self::Tls {
                host,
                cause: error.to_string(),
            },
        }
    }

    /// Classifies a failure to send a request and to read the head of its response.
    pub(super) fn http(error: &hyper::Error, address: String, tls: bool) -> Self {
        let cause = chain(error);
        // An SSH or SMTP server speaks first.
        let speaks_first = cause.contains("unexpected message");
        if error.is_parse() || speaks_first {
            Self::NotHttp {
                address,
                tls,
                cause,
            }
        } else {
            Self::Closed { address, cause }
        }
    }
}

/// An error with its causes.
fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let said = cause.to_string();
        if !text.contains(&said) {
            text = format!("{text}: {said}");
        }
        source = cause.source();
    }
    text
}

impl fmt::Display for NetworkError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = |text: &str| escaped(text.as_bytes());
        match self {
            Self::NoSuchHost { host, cause } => {
                write!(f, "there is no host `{}` ({})", shown(host), shown(cause))
            }
            Self::Refused { address } => {
                write!(
                    f,
                    "the connection to {} is refused: nothing listens there",
                    shown(address)
                )
            }
            Self::Unreachable { address, cause } => {
                write!(f, "{} cannot be reached ({})", shown(address), shown(cause))
            }
            Self::TlsName { host, cause } => {
                write!(
                    f,
                    "the certificate is not for the name `{}` ({})",
                    shown(host),
                    shown(cause)
                )
            }
            Self::Untrusted { host } => write!(
                f,
                "the certificate of `{}` is issued by nobody whom this machine trusts",
                shown(host)
            ),
            Self::Expired { host, cause } => {
                write!(
                    f,
                    "the certificate of `{}` is not valid now ({})",
                    shown(host),
                    shown(cause)
                )
            }
            Self::NotTls { address } => {
                write!(f, "the server at {} does not speak TLS", shown(address))
            }
            Self::Tls { host, cause } => {
                write!(f, "TLS with `{}` failed ({})", shown(host), shown(cause))
            }
            Self::Timeout {
                waiting_for,
                address,
                limit,
            } => write!(
                f,
                "waited {} s for {waiting_for} {}",
                limit.as_secs_f64(),
                shown(address)
            ),
            Self::NotHttp { address, cause, .. } => {
                write!(
                    f,
                    "what answers at {} is not an HTTP server ({})",
                    shown(address),
                    shown(cause)
                )
            }
            Self::Closed { address, cause } => {
                write!(
                    f,
                    "{} closed the connection without an answer ({})",
                    shown(address),
                    shown(cause)
                )
            }
            Self::NotSent => f.write_str("the request itself was not sent"),
            Self::NotAsked => f.write_str("this request was not sent"),
            Self::TooMany { limit } => write!(f, "{limit} requests were sent, and no more may be"),
        }
    }
}

impl Error for NetworkError {}
