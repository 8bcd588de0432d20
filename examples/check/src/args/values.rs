//! The values of the command line.

use std::net::SocketAddr;
use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue, Method};
use url::Url;

use super::{Page, Resolve};

pub(super) fn page(text: &str) -> Result<Page, String> {
    if text == "null" {
        return Ok(Page::Opaque);
    }
    let error = |reason: &str| {
        format!(
            "`{text}` is not the address of a page: {reason}; help: copy it from the browser's address bar, such as \
             `https://app.example.com`"
        )
    };
    let url = Url::parse(text).map_err(|cause| match cause {
        url::ParseError::RelativeUrlWithoutBase => error("it has no scheme"),
        cause => error(&cause.to_string()),
    })?;
    // `localhost:5173` parses as a URL with the scheme `localhost`.
    if url.cannot_be_a_base() && !["data", "blob", "about"].contains(&url.scheme()) {
        return Err(error("it has no scheme"));
    }
    Ok(Page::Url(url))
}

pub(super) fn server_url(text: &str, page: &Page) -> Result<Url, String> {
    let parsed = match (Url::parse(text), page) {
        (Err(url::ParseError::RelativeUrlWithoutBase), Page::Url(page))
            if text.starts_with('/') =>
        {
            page.join(text)
        }
        (parsed, _) => parsed,
    };
    let error = |reason: &str| {
        format!(
            "`{text}` is not the URL of a server: {reason}; help: write it with its scheme, such as `https://api.example.com/`"
        )
    };
    let mut url = parsed.map_err(|cause| match cause {
        url::ParseError::RelativeUrlWithoutBase => error("it has no scheme"),
        cause => error(&cause.to_string()),
    })?;
    match url.scheme() {
        "http" | "https" => {
            // It is not sent.
            url.set_fragment(None);
            Ok(url)
        }
        _ if url.cannot_be_a_base() => Err(error("it has no scheme")),
        scheme => Err(error(&format!("`{scheme}` is not `http` or `https`"))),
    }
}

pub(super) fn method_of(text: &str) -> Result<String, String> {
    if text.contains("://") {
        return Err(format!(
            "`{text}` stands where the method is expected; help: write `check PAGE METHOD URL`"
        ));
    }
    match Method::from_bytes(text.as_bytes()) {
        Ok(method) => Ok(method.as_str().to_owned()),
        Err(_) => Err(format!(
            "`{text}` is not a method; help: write one such as `PUT`"
        )),
    }
}

pub(super) fn headers(lines: &[String]) -> Result<HeaderMap, String> {
    let mut headers = HeaderMap::new();
    for line in lines {
        let error = |reason: &str| {
            format!(
                "`{line}` is not a header: {reason}; help: write `-H 'content-type: application/json'`"
            )
        };
        let (name, value) = line
            .split_once(':')
            .ok_or_else(|| error("it has no colon"))?;
        let name = HeaderName::from_bytes(name.trim().as_bytes())
            .map_err(|_| error("its name is none"))?;
        let value = HeaderValue::from_bytes(value.trim().as_bytes())
            .map_err(|_| error("its value has a control character"))?;
        headers.append(name, value);
    }
    Ok(headers)
}

/// `HOST:PORT:ADDRESS`, or with another port: `HOST:PORT:ADDRESS:PORT`. An IPv6 address is in brackets.
pub(super) fn resolve(text: &str) -> Result<Resolve, String> {
    let parse = || {
        let (host, rest) = text.split_once(':')?;
        let (port, address) = rest.split_once(':')?;
        let port: u16 = port.parse().ok()?;
        let with_port = address.parse::<SocketAddr>();
        let address = with_port
            .or_else(|_| format!("{address}:{port}").parse())
            .ok()?;
        Some(Resolve {
            host: host.to_ascii_lowercase(),
            port,
            address,
        })
    };
    parse().ok_or_else(|| {
        format!("`{text}` is not an address for a host; help: write `--resolve api.example.com:443:127.0.0.1:8443`")
    })
}

pub(super) fn timeout(text: &str) -> Result<Duration, String> {
    let seconds = text
        .parse::<f64>()
        .ok()
        .filter(|seconds| (0.001..=3600.0).contains(seconds));
    match seconds {
        Some(seconds) => Ok(Duration::from_secs_f64(seconds)),
        None => Err(format!(
            "`{text}` is not a timeout; help: write seconds from 0.001 to 3600"
        )),
    }
}
