//! What each may get, judged without looking at what the proxy or the service did.

use http::header::{
    ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS,
    ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE,
    CONTENT_ENCODING,
};

use crate::client::Answer;
use crate::meant::{Allowed, Grant};
use crate::pages::{Asked, Preflight};
use crate::service::body;

/// Says what is wrong with an answer, or its kind.
pub trait Judge {
    /// # Errors
    ///
    /// What is wrong.
    fn judge(&self, answer: &Answer) -> Result<(), String>;

    /// Whether its `Origin` is two lines, empty, or a list.
    fn is_of_no_browser(&self) -> bool;
}

/// Says what is wrong with an answer to what was asked.
///
/// # Errors
///
/// What is wrong.
pub fn judge<A: Judge + std::fmt::Debug>(asked: &A, answer: &Answer) -> Result<(), String> {
    // A proxy may take who is no browser for another, and mix the two answers for it alone. What that leaves for others is
    // seen in theirs.
    if asked.is_of_no_browser() && answer.cache() != "MISS" {
        return Ok(());
    }
    asked
        .judge(answer)
        .map_err(|wrong| format!("{wrong}\n  of {asked:?}\n  in {answer:?}"))
}

impl Judge for Asked {
    fn is_of_no_browser(&self) -> bool {
        is_of_no_browser(self.origin)
    }

    fn judge(&self, answer: &Answer) -> Result<(), String> {
        let grant = (self.service.grant)(self.origin);
        expect_lines(answer, "access-control-", &granted(grant, self.origin))?;
        let timing = match grant {
            Some(Grant::WithCredentials) => self.origin,
            _ => &[],
        };
        is(
            "Timing-Allow-Origin",
            answer.lines("timing-allow-origin"),
            timing.to_vec(),
        )?;
        let status = answer.status.as_u16();
        if self.service.blocks && grant.is_none() && !self.origin.is_empty() {
            is("the status of what is blocked", status, 403)?;
            return is("the body of what is blocked", answer.body.len(), 0);
        }
        let is_whole = self.manner.status == 200;
        match (status, self.head) {
            (304, _) => {
                is("not modified", (is_whole, self.known), (true, Some(true)))?;
                is("the body", answer.body.len(), 0)
            }
            (206, false) => {
                is("a part", (is_whole, self.range), (true, true))?;
                is("the bytes", answer.body.len(), 4)
            }
            (206, true) if is_whole && self.range => is("the body", answer.body.len(), 0),
            _ => {
                is("the status", status, self.manner.status)?;
                let coding = answer.lines(CONTENT_ENCODING.as_str());
                let language = self.language.filter(|_| self.speaks());
                if self.head {
                    is("the body", answer.body.len(), 0)
                } else if coding.is_empty() {
                    let expected = body("a", self.manner.name, &self.number.to_string(), language);
                    is("the body", &*answer.body, expected.as_bytes())
                } else {
                    is("the coding", (coding, self.gzip), (vec!["gzip"], true))?;
                    is(
                        "the coded body",
                        answer.body.get(..2),
                        Some(&[0x1f, 0x8b][..]),
                    )
                }
            }
        }
    }
}

impl Asked {
    /// Whether the answer is in the language that is asked for.
    fn speaks(&self) -> bool {
        let vary = self.manner.vary.join(",").to_ascii_lowercase();
        vary.contains("accept-language") || vary == "*"
    }
}

impl Judge for Preflight {
    fn is_of_no_browser(&self) -> bool {
        is_of_no_browser(self.origin)
    }

    fn judge(&self, answer: &Answer) -> Result<(), String> {
        is("the body", answer.body.len(), 0)?;
        let grant = (self.service.grant)(self.origin);
        if grant.is_none() {
            is("the status", answer.status.as_u16(), 403)?;
            return expect_lines(answer, "access-control-", &[]);
        }
        is("the status", answer.status.as_u16(), 204)?;
        let mut expected = granted(grant, self.origin);
        expected.retain(|(name, _)| *name != ACCESS_CONTROL_EXPOSE_HEADERS.as_str());
        let mut add = |name: http::HeaderName, value: &str| {
            expected.push((name.to_string(), value.to_owned()))
        };
        match self.service.preflight {
            Allowed::Listed => {
                add(ACCESS_CONTROL_ALLOW_METHODS, "PUT");
                add(ACCESS_CONTROL_ALLOW_HEADERS, "x-one");
            }
            Allowed::Asked => {
                add(ACCESS_CONTROL_ALLOW_METHODS, self.method);
                self.headers
                    .into_iter()
                    .for_each(|headers| add(ACCESS_CONTROL_ALLOW_HEADERS, headers));
            }
            Allowed::Nothing => {}
        }
        if self.service.private_network && self.private_network {
            let name = http::HeaderName::from_static("access-control-allow-private-network");
            add(name, "true");
        }
        // A lookup tells what is left of it, which is at least half.
        let max_age = answer.lines(ACCESS_CONTROL_MAX_AGE.as_str()).join("; ");
        match max_age.parse() {
            Ok(300..=600) => add(ACCESS_CONTROL_MAX_AGE, &max_age),
            _ => return Err(format!("Max-Age is {max_age:?}")),
        }
        expect_lines(answer, "access-control-", &expected)
    }
}

fn is_of_no_browser(origin: &[&str]) -> bool {
    match origin {
        [] => false,
        [line] => line.is_empty() || line.contains(','),
        _ => true,
    }
}

fn granted(grant: Option<Grant>, origin: &[&str]) -> Vec<(String, String)> {
    let Some(grant) = grant else {
        return Vec::new();
    };
    let line = |name: http::HeaderName, value: &str| (name.to_string(), value.to_owned());
    let allow_origin = if grant == Grant::ToAll {
        "*"
    } else {
        origin[0]
    };
    let mut lines = vec![line(ACCESS_CONTROL_ALLOW_ORIGIN, allow_origin)];
    if grant == Grant::WithCredentials {
        lines.push(line(ACCESS_CONTROL_ALLOW_CREDENTIALS, "true"));
        lines.push(line(ACCESS_CONTROL_EXPOSE_HEADERS, "etag"));
    }
    lines
}

/// Whether the lines whose names begin so are these, in any order.
fn expect_lines(
    answer: &Answer,
    prefix: &str,
    expected: &[(String, String)],
) -> Result<(), String> {
    let lines = answer
        .headers
        .iter()
        .filter(|(name, _)| name.as_str().starts_with(prefix));
    let mut lines: Vec<(String, String)> = lines
        .map(|(name, value)| {
            (
                name.to_string(),
                value.to_str().unwrap_or("not ASCII").to_owned(),
            )
        })
        .collect();
    let mut expected = expected.to_vec();
    lines.sort();
    expected.sort();
    is("what is granted", lines, expected)
}

fn is<A: std::fmt::Debug + PartialEq<B>, B: std::fmt::Debug>(
    what: &str,
    was: A,
    expected: B,
) -> Result<(), String> {
    if was == expected {
        Ok(())
    } else {
        Err(format!("{what}: was {was:?}; should be {expected:?}"))
    }
}
