//! From a host and port to a connection that speaks HTTP.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use bytes::Bytes;
use http_body_util::Full;
use hyper::client::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, ProtocolVersion, RootCertStore, crypto};
use url::{Host, Url};

use super::error::NetworkError;
use crate::args::Resolve;

/// Connects to servers.
#[derive(Clone)]
pub(super) struct Connector {
    tls: TlsConnector,
    resolve: Vec<Resolve>,
}

/// A connection, over which one request at a time is sent.
pub(super) struct Connection {
    pub(super) sender: Sender,
    pub(super) address: SocketAddr,
    /// Such as `HTTP/2, TLS 1.3`.
    pub(super) protocol: String,
}

pub(super) enum Sender {
    Http1(http1::SendRequest<Full<Bytes>>),
    Http2(http2::SendRequest<Full<Bytes>>),
}

impl Connector {
    /// Trusts the authorities that this machine trusts, and those in the files.
    pub(super) fn new(
        cacert: &[PathBuf],
        resolve: Vec<Resolve>,
        http1: bool,
    ) -> Result<Self, String> {
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        for file in cacert {
            let error =
                |cause: String| format!("`{}` cannot be used as --cacert: {cause}", file.display());
            let certificates =
                CertificateDer::pem_file_iter(file).map_err(|cause| error(cause.to_string()))?;
            let mut count = 0;
            for certificate in certificates {
                let certificate = certificate.map_err(|cause| error(cause.to_string()))?;
                roots
                    .add(certificate)
                    .map_err(|cause| error(cause.to_string()))?;
                count += 1;
            }
            if count == 0 {
                return Err(error("it has no certificate; help: it must be PEM, with `-----BEGIN CERTIFICATE-----`".to_owned()));
            }
        }
        let provider = Arc::new(crypto::ring::default_provider());
        let mut config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|cause| format!("TLS cannot be set up: {cause}"))?
            .with_root_certificates(roots)
            .with_no_client_auth();
        config.alpn_protocols = match http1 {
            true => vec![b"http/1.1".to_vec()],
            false => vec![b"h2".to_vec(), b"http/1.1".to_vec()],
        };
        Ok(Self {
            tls: TlsConnector::from(Arc::new(config)),
            resolve,
        })
    }

    /// Connects to the host and port of a URL.
    pub(super) async fn connect(
        &self,
        url: &Url,
        stage: &mut Stage,
    ) -> Result<Connection, NetworkError> {
        let host = url.host_str().unwrap_or_default();
        let port = url.port_or_known_default().unwrap_or_default();
        stage.waiting_for = "an address of";
        stage.address = host.to_owned();
        let addresses = self.addresses(url, host, port).await?;
        stage.waiting_for = "a connection to";
        let mut failure = None;
        for address in addresses {
            stage.address = told(host, address);
            match TcpStream::connect(address).await {
                Ok(stream) => {
                    let _ = stream.set_nodelay(true);
                    return self.speak(url, stream, address, stage).await;
                }
                Err(error) => {
                    // The first address is the one that the name prefers.
                    failure.get_or_insert(NetworkError::connect(&error, told(host, address)));
                }
            }
        }
        Err(failure.unwrap_or_else(|| NetworkError::NoSuchHost {
            host: host.to_owned(),
            cause: "it has no address".to_owned(),
        }))
    }

    async fn addresses(
        &self,
        url: &Url,
        host: &str,
        port: u16,
    ) -> Result<Vec<SocketAddr>, NetworkError> {
        if let Some(resolve) = self
            .resolve
            .iter()
            .find(|entry| entry.host == host && entry.port == port)
        {
            return Ok(vec![resolve.address]);
        }
        match url.host() {
            Some(Host::Ipv4(address)) => Ok(vec![SocketAddr::new(address.into(), port)]),
            Some(Host::Ipv6(address)) => Ok(vec![SocketAddr::new(address.into(), port)]),
            _ => match tokio::net::lookup_host((host, port)).await {
                Ok(addresses) => Ok(addresses.collect()),
                Err(error) => Err(NetworkError::NoSuchHost {
                    host: host.to_owned(),
                    cause: error.to_string(),
                }),
            },
        }
    }

    async fn speak(
        &self,
        url: &Url,
        stream: TcpStream,
        address: SocketAddr,
        stage: &mut Stage,
    ) -> Result<Connection, NetworkError> {
        let host = url.host_str().unwrap_or_default();
        if url.scheme() != "https" {
            let sender = http1_sender(stream).await;
            return connection(
                sender,
                address,
                "HTTP/1.1".to_owned(),
                &told(host, address),
                false,
            );
        }
        stage.waiting_for = "TLS with";
        let name = host
            .trim_start_matches('[')
            .trim_end_matches(']')
            .to_owned();
        let name = ServerName::try_from(name).map_err(|cause| NetworkError::Tls {
            host: host.to_owned(),
            cause: cause.to_string(),
        })?;
        let stream = self
            .tls
            .connect(name, stream)
            .await
            .map_err(|error| NetworkError::tls(&error, host, told(host, address)))?;
        let (_, session) = stream.get_ref();
        let version = match session.protocol_version() {
            Some(ProtocolVersion::TLSv1_3) => "TLS 1.3",
            _ => "TLS 1.2",
        };
        let is_http2 = session.alpn_protocol() == Some(b"h2");
        let (sender, protocol) = match is_http2 {
            true => (http2_sender(stream).await, "HTTP/2"),
            false => (http1_sender(stream).await, "HTTP/1.1"),
        };
        connection(
            sender,
            address,
            format!("{protocol}, {version}"),
            &told(host, address),
            true,
        )
    }
}

/// What a request waits for, for the text of a timeout.
#[derive(Clone, Debug)]
pub(super) struct Stage {
    pub(super) waiting_for: &'static str,
    pub(super) address: String,
}

/// A host and what it was resolved to.
pub(super) fn told(host: &str, address: SocketAddr) -> String {
    if address.ip().to_string() == host.trim_start_matches('[').trim_end_matches(']') {
        address.to_string()
    } else {
        format!("{host} ({address})")
    }
}

fn connection(
    sender: hyper::Result<Sender>,
    address: SocketAddr,
    protocol: String,
    told: &str,
    tls: bool,
) -> Result<Connection, NetworkError> {
    match sender {
        Ok(sender) => Ok(Connection {
            sender,
            address,
            protocol,
        }),
        Err(error) => Err(NetworkError::http(&error, told.to_owned(), tls)),
    }
}

async fn http1_sender<T>(stream: T) -> hyper::Result<Sender>
where
    T: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (sender, connection) = http1::Builder::new()
        .title_case_headers(true)
        .handshake(TokioIo::new(stream))
        .await?;
    // Whoever sends the next request sees its end.
    tokio::spawn(connection);
    Ok(Sender::Http1(sender))
}

async fn http2_sender<T>(stream: T) -> hyper::Result<Sender>
where
    T: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (sender, connection) = http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await?;
    tokio::spawn(connection);
    Ok(Sender::Http2(sender))
}

impl Sender {
    /// Returns whether the connection can be used for another request.
    pub(super) async fn is_ready(&mut self) -> bool {
        match self {
            Self::Http1(sender) => sender.ready().await.is_ok(),
            Self::Http2(sender) => sender.ready().await.is_ok(),
        }
    }

    pub(super) async fn send(
        &mut self,
        request: http::Request<Full<Bytes>>,
    ) -> hyper::Result<http::Response<hyper::body::Incoming>> {
        match self {
            Self::Http1(sender) => sender.send_request(request).await,
            Self::Http2(sender) => sender.send_request(request).await,
        }
    }

    pub(super) fn is_http2(&self) -> bool {
        matches!(self, Self::Http2(_))
    }
}

impl From<NetworkError> for io::Error {
    fn from(error: NetworkError) -> Self {
        Self::other(error)
    }
}
