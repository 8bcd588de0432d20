//! A client of HTTP/1.1 that writes bytes, so that it can stop anywhere.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use http::header::{CONTENT_LENGTH, HeaderName};
use http::{HeaderMap, HeaderValue};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::random::Random;
use crate::request::Asked;
use crate::tally::Tally;

/// After this long an answer is lost.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);
/// How long a client waits for a lookup that hangs.
pub(crate) const IMPATIENCE: Duration = Duration::from_millis(10);
/// Requests of one connection.
const REQUESTS: usize = 50;
/// Below Hyper's own limit of a head.
const LONGEST_LIST: usize = 64 * 1024;

struct Answer {
    status: u16,
    headers: HeaderMap,
    body: Vec<u8>,
}

pub(crate) async fn client(
    address: SocketAddr,
    mut random: Random,
    end: Instant,
    tally: Arc<Tally>,
) {
    while Instant::now() < end {
        let Ok(mut stream) = TcpStream::connect(address).await else {
            tally.mistake("HTTP/1.1: no connection".to_owned());
            continue;
        };
        stream.set_nodelay(true).expect("a socket");
        tally.count("HTTP/1.1 connections");
        for _ in 0..REQUESTS {
            let asked = Asked::draw(&mut random, LONGEST_LIST);
            if !exchange(&mut stream, &asked, &mut random, &tally).await || Instant::now() >= end {
                break;
            }
        }
    }
}

/// Whether the connection is still good.
async fn exchange(
    stream: &mut TcpStream,
    asked: &Asked,
    random: &mut Random,
    tally: &Tally,
) -> bool {
    let (head, body) = (head(asked), &asked.body);
    let fault = random.below(100);
    match fault {
        0 => {
            tally.count("HTTP/1.1 cut in the head");
            let _ = stream.write_all(&head[..random.below(head.len())]).await;
            return false;
        }
        // Hyper does not look whether a client is there whose body it could not read to the end: while the lookup hangs,
        // which it does for ever, the connection would stay.
        1 if !body.is_empty() && !asked.hangs => {
            tally.count("HTTP/1.1 cut in the body");
            let _ = stream.write_all(&head).await;
            let _ = stream.write_all(&body[..random.below(body.len())]).await;
            return false;
        }
        2 => {
            tally.count("HTTP/1.1 no request at all");
            let _ = stream.write_all(b"\x00\x1b[31m \xff\r\n\r\n").await;
            let _ = timeout(PATIENCE, stream.read(&mut [0; 512])).await;
            return false;
        }
        _ => {}
    }
    let message = [head.as_slice(), body].concat();
    if stream.write_all(&message).await.is_err() {
        tally.mistake(format!("HTTP/1.1 {}: not taken", asked.kind));
        return false;
    }
    if fault == 3 {
        tally.count("HTTP/1.1 cut before the answer");
        return false;
    }
    let patience = if asked.hangs { IMPATIENCE } else { PATIENCE };
    match timeout(patience, read(stream)).await {
        Ok(Ok(answer)) => {
            tally.count(asked.kind);
            tally.count("HTTP/1.1 answers");
            if let Some(wrong) = asked.judge(answer.status, &answer.headers, &answer.body) {
                tally.mistake(format!("HTTP/1.1 {}: {wrong}", asked.kind));
            }
            // A page that goes away between its preflight and its request.
            if fault == 4 {
                tally.count("HTTP/1.1 cut after the answer");
            }
            fault != 4
        }
        Err(_) if asked.hangs => {
            tally.count("HTTP/1.1 cut during the lookup");
            false
        }
        lost => {
            let how = lost.map(|read| read.err());
            tally.mistake(format!(
                "HTTP/1.1 {} {}: lost, {how:?}",
                asked.method, asked.kind
            ));
            false
        }
    }
}

fn head(asked: &Asked) -> Vec<u8> {
    let mut head = format!(
        "{} {} HTTP/1.1\r\nhost: api.example.com\r\n",
        asked.method, asked.path
    );
    if !asked.body.is_empty() {
        head.push_str(&format!("content-length: {}\r\n", asked.body.len()));
    }
    let mut head = head.into_bytes();
    for (name, value) in &asked.headers {
        head.extend_from_slice(name.as_str().as_bytes());
        head.extend_from_slice(b": ");
        head.extend_from_slice(value.as_bytes());
        head.extend_from_slice(b"\r\n");
    }
    head.extend_from_slice(b"\r\n");
    head
}

async fn read(stream: &mut TcpStream) -> io::Result<Answer> {
    let mut received = Vec::new();
    let end = loop {
        if let Some(end) = received.windows(4).position(|bytes| bytes == b"\r\n\r\n") {
            break end;
        }
        receive(stream, &mut received).await?;
    };
    let malformed = || io::Error::other("not an answer");
    let head = String::from_utf8_lossy(&received[..end]).into_owned();
    let mut lines = head.split("\r\n");
    let status = lines
        .next()
        .and_then(|line| line.split(' ').nth(1))
        .ok_or_else(malformed)?;
    let mut headers = HeaderMap::new();
    for line in lines {
        let (name, value) = line.split_once(": ").ok_or_else(malformed)?;
        let name: HeaderName = name.parse().map_err(io::Error::other)?;
        headers.append(
            name,
            HeaderValue::try_from(value).map_err(io::Error::other)?,
        );
    }
    let length = headers
        .get(CONTENT_LENGTH)
        .and_then(|length| length.to_str().ok());
    let length = length
        .map_or(Ok(0), str::parse::<usize>)
        .map_err(io::Error::other)?;
    let mut body = received.split_off(end + 4);
    while body.len() < length {
        receive(stream, &mut body).await?;
    }
    let status = status.parse().map_err(io::Error::other)?;
    Ok(Answer {
        status,
        headers,
        body,
    })
}

async fn receive(stream: &mut TcpStream, received: &mut Vec<u8>) -> io::Result<()> {
    match stream.read_buf(received).await? {
        0 => Err(io::ErrorKind::UnexpectedEof.into()),
        _ => Ok(()),
    }
}
