//! A proxy whose tunnels end in it, with TLS: every host has a certificate of one authority.

use std::collections::HashMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use hyper_util::service::TowerToHyperService;
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;
use tokio_rustls::rustls::server::Acceptor;
use tokio_rustls::{LazyConfigAcceptor, TlsAcceptor};

use crate::engine::program;

/// An authority of the test's own, and the certificates that it signed.
#[derive(Clone)]
pub(crate) struct Authority(Arc<Signed>);

struct Signed {
    certificate: String,
    issuer: Issuer<'static, KeyPair>,
    hosts: Mutex<HashMap<String, Arc<ServerConfig>>>,
}

impl fmt::Debug for Authority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Authority")
    }
}

impl Authority {
    pub(crate) fn new() -> Self {
        let key = KeyPair::generate().expect("a key");
        let mut parameters = CertificateParams::default();
        parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let name = "The authority of the engine tests";
        parameters.distinguished_name.push(DnType::CommonName, name);
        let certificate = parameters.self_signed(&key).expect("a certificate");
        Self(Arc::new(Signed {
            certificate: certificate.pem(),
            issuer: Issuer::new(parameters, key),
            hosts: Mutex::default(),
        }))
    }

    /// A configuration for one host. Each has a certificate of its own, so that engines share no connection between hosts.
    fn of_host(&self, host: &str) -> Arc<ServerConfig> {
        let mut hosts = self.0.hosts.lock().unwrap_or_else(PoisonError::into_inner);
        let known = hosts.entry(host.to_owned());
        Arc::clone(known.or_insert_with(|| Arc::new(self.sign(host))))
    }

    fn sign(&self, host: &str) -> ServerConfig {
        let key = KeyPair::generate().expect("a key");
        let parameters = CertificateParams::new([host.to_owned()]).expect("a host");
        let certificate = parameters
            .signed_by(&key, &self.0.issuer)
            .expect("a certificate");
        let key = PrivateKeyDer::try_from(key.serialize_der()).expect("a key");
        let mut configuration = ServerConfig::builder()
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], key)
            .expect("a key of the certificate");
        configuration.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        configuration
    }

    /// Lets programs that use NSS with this database trust the authority.
    pub(crate) fn add_to(&self, database: &Path) {
        std::fs::create_dir_all(database).expect("the profile can be written");
        let file = database.join("authority.pem");
        std::fs::write(&file, &self.0.certificate).expect("the profile can be written");
        let database = format!("sql:{}", database.display());
        certutil(&["-N", "--empty-password", "-d", &database], &file);
        let name = "authority";
        certutil(
            &["-A", "-n", name, "-t", "C,,", "-d", &database, "-i"],
            &file,
        );
    }
}

fn certutil(arguments: &[&str], last: &PathBuf) {
    let mut command = Command::new(program("certutil", "libnss3-tools"));
    command.args(arguments);
    if arguments.last() == Some(&"-i") {
        command.arg(last);
    }
    let output = command.output().expect("certutil runs");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "certutil {arguments:?}: {said}");
}

/// The first byte of a TLS connection.
const HANDSHAKE: [u8; 1] = [22];

/// Serves all connections until it is dropped.
pub(crate) async fn serve(listener: TcpListener, authority: Authority, router: Router) {
    let mut connections = JoinSet::new();
    loop {
        let (stream, _) = listener.accept().await.expect("a connection");
        connections.spawn(connection(stream, authority.clone(), router.clone()));
        while connections.try_join_next().is_some() {}
    }
}

async fn connection(mut stream: TcpStream, authority: Authority, router: Router) {
    let mut start = [0; 8];
    let length = stream.peek(&mut start).await.unwrap_or(0);
    if start[..length].starts_with(&HANDSHAKE) {
        return without_tunnel(stream, authority, router).await;
    }
    if &start[..length] != b"CONNECT " {
        return answer(stream, router).await;
    }
    let Some(host) = host_of_tunnel(&mut stream).await else {
        return;
    };
    // What engines ask of their makers ends here.
    let is_ours = host.ends_with(".test") || host == "localhost" || host == "127.0.0.1";
    if !is_ours {
        let _ = stream
            .write_all(b"HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n")
            .await;
        return;
    }
    if stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await.is_err() {
        return;
    }
    let mut first = [0];
    if stream.peek(&mut first).await.is_ok() && first != HANDSHAKE {
        // A WebSocket of `ws`.
        return answer(stream, router).await;
    }
    let acceptor = TlsAcceptor::from(authority.of_host(&host));
    if let Ok(stream) = acceptor.accept(stream).await {
        answer(stream, router).await;
    }
}

/// Serves an engine that has no proxy.
async fn without_tunnel(stream: TcpStream, authority: Authority, router: Router) {
    let Ok(handshake) = LazyConfigAcceptor::new(Acceptor::default(), stream).await else {
        return;
    };
    let host = handshake.client_hello().server_name().map(str::to_owned);
    let host = host.unwrap_or_else(|| "127.0.0.1".to_owned());
    if let Ok(stream) = handshake.into_stream(authority.of_host(&host)).await {
        answer(stream, router).await;
    }
}

/// Reads the head of a CONNECT request.
async fn host_of_tunnel(stream: &mut TcpStream) -> Option<String> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.ok()?);
    }
    let head = String::from_utf8(head).ok()?;
    let target = head.strip_prefix("CONNECT ")?.split(' ').next()?;
    let (host, _) = target.rsplit_once(':')?;
    Some(host.to_owned())
}

async fn answer(stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static, router: Router) {
    let mut server = Builder::new(TokioExecutor::new());
    server.http2().enable_connect_protocol();
    // An engine that leaves is no mistake.
    let _ = server
        .serve_connection_with_upgrades(TokioIo::new(stream), TowerToHyperService::new(router))
        .await;
}
