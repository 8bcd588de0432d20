//! A client of HTTP/2, which leaves streams and connections.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

use http::{Request, header};
use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use hyper::client::conn::http2::{self, SendRequest};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::http1::{IMPATIENCE, PATIENCE};
use crate::random::Random;
use crate::request::Asked;
use crate::tally::Tally;

/// Requests of one connection.
const REQUESTS: usize = 50;
/// Below Hyper's own limit of a head.
const LONGEST_LIST: usize = 6 * 1024;

pub(crate) async fn client(
    address: SocketAddr,
    mut random: Random,
    end: Instant,
    tally: Arc<Tally>,
) {
    while Instant::now() < end {
        let Ok(stream) = TcpStream::connect(address).await else {
            tally.mistake("HTTP/2: no connection".to_owned());
            continue;
        };
        stream.set_nodelay(true).expect("a socket");
        let handshake = http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await;
        let Ok((mut sender, connection)) = handshake else {
            tally.mistake("HTTP/2: no handshake".to_owned());
            continue;
        };
        tally.count("HTTP/2 connections");
        let running = tokio::spawn(connection);
        for _ in 0..REQUESTS {
            let asked = Asked::draw(&mut random, LONGEST_LIST);
            if random.below(200) == 0 {
                tally.count("HTTP/2 connections cut before the answer");
                let sent = sender.send_request(request(&asked));
                running.abort();
                drop(sent);
                break;
            }
            if !exchange(&mut sender, &asked, &mut random, &tally).await || Instant::now() >= end {
                break;
            }
        }
        running.abort();
    }
}

/// Whether the connection is still good.
async fn exchange(
    sender: &mut SendRequest<Full<Bytes>>,
    asked: &Asked,
    random: &mut Random,
    tally: &Tally,
) -> bool {
    let answer = async {
        let response = sender.send_request(request(asked)).await?;
        let (parts, body) = response.into_parts();
        Ok::<_, hyper::Error>((parts, body.collect().await?.to_bytes()))
    };
    if random.below(50) == 0 {
        tally.count("HTTP/2 streams left");
        // Ready or not.
        let _ = timeout(IMPATIENCE / 10, answer).await;
        return true;
    }
    let patience = if asked.hangs { IMPATIENCE } else { PATIENCE };
    match timeout(patience, answer).await {
        Ok(Ok((parts, body))) => {
            tally.count(asked.kind);
            tally.count("HTTP/2 answers");
            if let Some(wrong) = asked.judge(parts.status.as_u16(), &parts.headers, &body) {
                tally.mistake(format!("HTTP/2 {}: {wrong}", asked.kind));
            }
            true
        }
        Err(_) if asked.hangs => {
            tally.count("HTTP/2 streams left during the lookup");
            true
        }
        lost => {
            let how = lost.map(|answer| answer.err());
            tally.mistake(format!(
                "HTTP/2 {} {}: lost, {how:?}",
                asked.method, asked.kind
            ));
            false
        }
    }
}

fn request(asked: &Asked) -> Request<Full<Bytes>> {
    let uri = format!("http://api.example.com{}", asked.path);
    let mut request = Request::builder().method(asked.method.clone()).uri(uri);
    for (name, value) in &asked.headers {
        request = request.header(name, value);
    }
    if !asked.body.is_empty() {
        request = request.header(header::CONTENT_LENGTH, asked.body.len());
    }
    request
        .body(Full::new(asked.body.clone().into()))
        .expect("a request")
}
