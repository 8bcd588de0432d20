//! The network between a replica and a server, which can fail.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UnixStream};
use tokio::sync::watch;

#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) enum Network {
    Works,
    /// Connections end, and new ones too.
    Cut,
    /// Nothing arrives any more, and no connection ends. Those of now stay so when the network works again.
    Silent,
}

/// A port that leads to the socket of a server.
pub(crate) struct Proxy {
    pub(crate) address: SocketAddr,
    network: watch::Sender<Network>,
    connections: Arc<AtomicUsize>,
}

impl Proxy {
    pub(crate) async fn start(socket: PathBuf) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let (network, state) = watch::channel(Network::Works);
        let connections = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&connections);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let state = state.clone();
                if *state.borrow() == Network::Works {
                    count.fetch_add(1, Ordering::Relaxed);
                }
                let socket = socket.clone();
                tokio::spawn(connect(client, socket, state));
            }
        });
        Self {
            address,
            network,
            connections,
        }
    }

    pub(crate) fn set(&self, network: Network) {
        self.network.send_replace(network);
    }

    /// How many connections were made while the network worked.
    pub(crate) fn connections(&self) -> usize {
        self.connections.load(Ordering::Relaxed)
    }
}

async fn connect(client: TcpStream, socket: PathBuf, state: watch::Receiver<Network>) {
    let is_silent = *state.borrow() == Network::Silent;
    if is_silent {
        return hold(client).await;
    }
    // Without a server the connection ends.
    let Ok(server) = UnixStream::connect(socket).await else {
        return;
    };
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = server.into_split();
    tokio::select! {
        () = forward(from_client, to_server, state.clone()) => {}
        () = forward(from_server, to_client, state) => {}
    }
}

async fn forward(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    mut state: watch::Receiver<Network>,
) {
    let mut bytes = vec![0; 16 * 1024];
    loop {
        let network = *state.borrow_and_update();
        match network {
            Network::Works => {}
            Network::Cut => return,
            Network::Silent => return hold((from, to)).await,
        }
        tokio::select! {
            biased;
            changed = state.changed() => if changed.is_err() { return },
            length = from.read(&mut bytes) => {
                let length = length.unwrap_or(0);
                if length == 0 || to.write_all(&bytes[..length]).await.is_err() {
                    return;
                }
            }
        }
    }
}

/// Keeps a connection open without a word.
async fn hold<T>(connection: T) {
    std::future::pending::<()>().await;
    drop(connection);
}
