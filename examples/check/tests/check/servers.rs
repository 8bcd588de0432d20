//! Servers on the loopback, at ports that the system chooses.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::Request;
use axum::http::{HeaderMap, StatusCode};
use axum::middleware::{self, Next};
use axum::response::Response;
use tempfile::TempDir;
use tokio::sync::oneshot;

use crate::certificates::Certificates;

/// A server of ours, stopped when it is dropped.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    requests: Arc<Mutex<Vec<Seen>>>,
    _stop: oneshot::Sender<()>,
}

/// A request that a server got.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub(crate) method: String,
    pub(crate) headers: HeaderMap,
    pub(crate) at: Instant,
}

impl Server {
    pub(crate) fn url(&self) -> String {
        format!("http://{}/monsters", self.address)
    }

    pub(crate) fn requests(&self) -> Vec<Seen> {
        self.requests.lock().expect("no test panics here").clone()
    }

    pub(crate) fn methods(&self) -> Vec<String> {
        self.requests()
            .into_iter()
            .map(|seen| seen.method)
            .collect()
    }
}

/// Serves a router, and notes what it is asked.
pub(crate) fn serve(router: Router) -> Server {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.set_nonblocking(true).expect("a socket");
    let address = listener.local_addr().expect("an address");
    let requests = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&requests);
    let router = router.layer(middleware::from_fn(move |request: Request, next: Next| {
        let seen = Arc::clone(&seen);
        async move {
            seen.lock().expect("no test panics here").push(Seen {
                method: request.method().to_string(),
                headers: request.headers().clone(),
                at: Instant::now(),
            });
            next.run(request).await
        }
    }));
    let (stop, stopped) = oneshot::channel();
    thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .expect("a runtime");
        runtime.block_on(async {
            let listener = tokio::net::TcpListener::from_std(listener).expect("a listener");
            tokio::select! {
                _ = axum::serve(listener, router) => {}
                _ = stopped => {}
            }
        });
    });
    Server {
        address,
        requests,
        _stop: stop,
    }
}

/// A router that answers every request with what a function says.
pub(crate) fn answering(
    answer: impl Fn(&Request) -> Response + Clone + Send + Sync + 'static,
) -> Router {
    Router::new().fallback(move |request: Request| {
        let response = answer(&request);
        async move { response }
    })
}

/// An answer of these lines.
pub(crate) fn answer(status: u16, lines: &[(&str, &str)]) -> Response {
    let mut response = Response::new(axum::body::Body::empty());
    *response.status_mut() = StatusCode::from_u16(status).expect("a status");
    for (name, value) in lines {
        let name: axum::http::HeaderName = name.parse().expect("a name");
        response
            .headers_mut()
            .append(name, value.parse().expect("a value"));
    }
    response
}

/// The `Origin` of a request; empty if there is none.
pub(crate) fn origin(request: &Request) -> String {
    let origin = request.headers().get("origin");
    origin
        .map(|origin| String::from_utf8_lossy(origin.as_bytes()).into_owned())
        .unwrap_or_default()
}

/// Listens at a port, and does the same with each connection.
pub(crate) fn raw(serve: impl Fn(TcpStream) + Send + Sync + 'static) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    let serve = Arc::new(serve);
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let serve = Arc::clone(&serve);
            thread::spawn(move || serve(stream));
        }
    });
    address
}

/// An address where nothing listens: the port is reserved for as long as the test holds the socket.
pub(crate) struct Reserved {
    socket: tokio::net::TcpSocket,
}

impl Reserved {
    pub(crate) fn new() -> Self {
        let socket = tokio::net::TcpSocket::new_v4().expect("a socket");
        socket
            .bind("127.0.0.1:0".parse().expect("an address"))
            .expect("a port");
        Self { socket }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.socket.local_addr().expect("an address")
    }
}

/// nginx with TLS and HTTP/2, on a socket in a directory of its own. Connections to a port are passed on to it.
pub(crate) struct Nginx {
    process: Child,
    pub(crate) address: SocketAddr,
    pub(crate) certificates: Certificates,
    connections: Arc<AtomicUsize>,
    directory: TempDir,
}

impl Nginx {
    /// Starts it. `http` stands in `http { }`, and `server` in `server { }`.
    pub(crate) fn start(http: &str, server: &str) -> Self {
        Self::with_certificates(Certificates::for_names(&["api.example.com"]), http, server)
    }

    pub(crate) fn with_certificates(certificates: Certificates, http: &str, server: &str) -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        let at = |name: &str| directory.path().join(name);
        let path = directory.path().display().to_string();
        fs::write(at("certificate.pem"), &certificates.certificate).expect("a file");
        fs::write(at("key.pem"), &certificates.key).expect("a file");
        let user = Command::new("id").arg("-un").output().expect("a user");
        let configuration = include_str!("nginx.conf")
            .replace("USER", String::from_utf8_lossy(&user.stdout).trim())
            .replace("DIRECTORY", &path)
            .replace("HTTP;", http)
            .replace("SERVER;", server);
        fs::write(at("nginx.conf"), configuration).expect("a file");
        let said = File::create(at("said")).expect("a file");
        let mut process = Command::new("/usr/sbin/nginx")
            .args(["-e", "stderr", "-p", &path, "-c", &at("nginx.conf").display().to_string()])
            .stdin(Stdio::null())
            .stdout(said.try_clone().expect("a file"))
            .stderr(said)
            .spawn()
            .unwrap_or_else(|error| panic!("nginx does not start, so nothing was tested ({error}); on Debian: apt-get install nginx"));
        let socket = at("nginx.sock");
        let deadline = Instant::now() + Duration::from_secs(60);
        while UnixStream::connect(&socket).is_err() {
            let ended = process.try_wait().expect("a process").is_some();
            if ended || Instant::now() > deadline {
                panic!(
                    "nginx does not listen: {}",
                    fs::read_to_string(at("said")).unwrap_or_default()
                );
            }
            thread::sleep(Duration::from_millis(10));
        }
        let connections = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&connections);
        let address = raw(move |stream| {
            count.fetch_add(1, Ordering::SeqCst);
            pass_on(stream, &socket);
        });
        Self {
            process,
            address,
            certificates,
            connections,
            directory,
        }
    }

    /// How many connections were made.
    pub(crate) fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    /// The arguments that lead `https://api.example.com` here.
    pub(crate) fn arguments(&self) -> [String; 4] {
        let authority = self.directory.path().join("authority.pem");
        fs::write(&authority, &self.certificates.authority).expect("a file");
        [
            "--resolve".to_owned(),
            format!("api.example.com:443:{}", self.address),
            "--cacert".to_owned(),
            authority.display().to_string(),
        ]
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        let pid = self.process.id().to_string();
        // Its workers end with it only if it is asked.
        let asked = Command::new("kill").arg(pid).status();
        if !asked.is_ok_and(|status| status.success()) {
            let _ = self.process.kill();
        }
        let _ = self.process.wait();
        if thread::panicking() {
            let said = fs::read_to_string(self.directory.path().join("said"));
            eprintln!("nginx said: {}", said.unwrap_or_default());
        }
    }
}

fn pass_on(stream: TcpStream, socket: &Path) {
    let Ok(behind) = UnixStream::connect(socket) else {
        return;
    };
    let (Ok(mut from), Ok(mut to)) = (stream.try_clone(), behind.try_clone()) else {
        return;
    };
    let there = thread::spawn(move || {
        let _ = std::io::copy(&mut from, &mut to);
        let _ = to.shutdown(std::net::Shutdown::Write);
    });
    let (mut from, mut to) = (behind, stream);
    let _ = std::io::copy(&mut from, &mut to);
    let _ = to.shutdown(std::net::Shutdown::Both);
    let _ = there.join();
}

/// A server of Express.
pub(crate) struct Express {
    process: Child,
    pub(crate) url: String,
}

impl Express {
    /// Starts it. `configuration` is JavaScript that configures `app`, with `cors`.
    pub(crate) fn start(configuration: &str) -> Self {
        static INSTALLED: LazyLock<PathBuf> = LazyLock::new(install_express);
        let mut process = Command::new("node")
            .arg("server.js")
            .current_dir(&*INSTALLED)
            .env("NODE_ENV", "production")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("node does not start, so nothing was tested ({error}); on Debian: apt-get install npm"));
        let mut input = process.stdin.take().expect("a pipe");
        input.write_all(configuration.as_bytes()).expect("it reads");
        drop(input);
        let mut line = String::new();
        let mut output = BufReader::new(process.stdout.take().expect("a pipe"));
        output.read_line(&mut line).expect("text");
        let address = line.trim().strip_prefix("listening on ");
        let address = address
            .unwrap_or_else(|| panic!("Express does not listen: {line:?}"))
            .to_owned();
        Self {
            process,
            url: format!("{address}/monsters"),
        }
    }
}

impl Drop for Express {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn install_express() -> PathBuf {
    let source = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/express"));
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join("express");
    fs::create_dir_all(&directory).expect("a directory of the target");
    for file in ["package.json", "package-lock.json", "server.js"] {
        fs::copy(source.join(file), directory.join(file)).expect("the sources are there");
    }
    let installed = Command::new("npm")
        .args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"])
        .current_dir(&directory)
        .output()
        .unwrap_or_else(|error| panic!("npm does not start, so nothing was tested ({error}); on Debian: apt-get install npm"));
    assert!(
        installed.status.success(),
        "{}",
        String::from_utf8_lossy(&installed.stderr)
    );
    directory
}

/// Reads the head of a request.
pub(crate) fn read_head(stream: &mut TcpStream) -> String {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") && stream.read(&mut byte).is_ok_and(|read| read == 1) {
        head.push(byte[0]);
    }
    String::from_utf8_lossy(&head).into_owned()
}
