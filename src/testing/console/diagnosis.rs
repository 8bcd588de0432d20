//! From a pasted message to what helps.

use std::fmt;

use super::cause::Cause;
use super::engine::Engine;
use super::message::Message;
use crate::testing::blocked::Blocked;

/// The most of a pasted text that is read, in bytes.
const READ: usize = 16 * 1024;
/// What must be found of a message that was not pasted as a whole, in bytes.
const ENOUGH: usize = 16;

/// What a pasted message of a console means, and what helps.
///
/// The text may have several lines, line numbers, other quotes, more spaces, and URLs of any length. Its beginning or end may be
/// missing. Of several messages the one with a reason counts. Messages in other languages than English are not known.
///
/// ```
/// use tower_cors::testing::{Blocked, Cause, Diagnosis, Engine};
///
/// let pasted = "Access to fetch at 'https://api.example.com/monsters' from origin 'https://app.example.com' has been blocked by \
///               CORS policy: Request header field x-trace is not allowed by Access-Control-Allow-Headers in preflight response.";
/// let diagnosis = Diagnosis::of(pasted).unwrap();
/// assert_eq!(diagnosis.cause(), Cause::HeaderNotAllowed);
/// assert_eq!(diagnosis.engines(), [Engine::Chromium]);
/// assert_eq!(diagnosis.reasons(), [Blocked::PreflightHeaderNotAllowed]);
/// assert!(diagnosis.fix().contains("`.allow_headers([\"x-trace\"])`"));
///
/// assert_eq!(Diagnosis::of("Hello, world"), None);
/// ```
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Diagnosis {
    cause: Cause,
    engines: Vec<Engine>,
    reasons: Vec<Blocked>,
    details: Vec<(&'static str, String)>,
    is_preflight: bool,
}

impl Diagnosis {
    /// Reads a message. `None` if it is not known.
    pub fn of(pasted: &str) -> Option<Self> {
        let text = Text::of(pasted);
        let mut found: Vec<Found> = Vec::new();
        for message in Message::all() {
            let Some(matched) = text.find(message.template()) else {
                continue;
            };
            let found_better = found
                .first()
                .is_some_and(|best| best.rank() > matched.rank(message));
            let found_equal = found
                .first()
                .is_some_and(|best| best.rank() == matched.rank(message));
            if found_better {
                continue;
            }
            if !found_equal {
                found.clear();
            }
            found.push(Found { message, matched });
        }
        let Some(best) = found.first() else {
            return text.of_a_library();
        };
        let mut diagnosis = Self {
            cause: best.message.cause(),
            engines: Vec::new(),
            reasons: Vec::new(),
            details: best.matched.details.clone(),
            is_preflight: text.folded.contains("preflight"),
        };
        for Found { message, .. } in &found {
            if !diagnosis.engines.contains(&message.engine()) {
                diagnosis.engines.push(message.engine());
            }
            for reason in message.reasons() {
                if !diagnosis.reasons.contains(reason) {
                    diagnosis.reasons.push(*reason);
                }
            }
        }
        // The sentence around a reason says more of the engine than the end of a reason that was cut.
        const FRAMES: [(&str, Engine); 2] = [
            ("has been blocked by cors policy: ", Engine::Chromium),
            ("cross-origin request blocked: ", Engine::Firefox),
        ];
        if let Some((_, engine)) = FRAMES
            .into_iter()
            .find(|(frame, _)| text.folded.contains(frame))
        {
            diagnosis.engines = vec![engine];
        }
        diagnosis.add_frame(&text);
        diagnosis.refine();
        Some(diagnosis)
    }

    /// Returns the cause.
    pub fn cause(&self) -> Cause {
        self.cause
    }

    /// Returns the engines that print the message: several, if they print the same.
    pub fn engines(&self) -> &[Engine] {
        &self.engines
    }

    /// Returns the reasons for which a [`Browser`](crate::testing::Browser) blocks what the message is about: several, if
    /// the engine does not tell them apart. None if the browser does not model it.
    pub fn reasons(&self) -> &[Blocked] {
        &self.reasons
    }

    /// Returns what the message names: `url`, `origin`, `method`, `header`, `status`, `value`. `None` if it does not name it.
    pub fn detail(&self, name: &str) -> Option<&str> {
        let detail = self.details.iter().find(|(known, _)| *known == name);
        detail.map(|(_, value)| value.as_str())
    }

    /// Returns what helps, with the names that are in the message.
    pub fn fix(&self) -> String {
        let general = self.cause.fix();
        match self.cause {
            Cause::OriginNotAllowed => match self.detail("origin") {
                Some("null") => "The page has the opaque origin `null`: it is a file, in a sandboxed frame, or was redirected \
                                 between origins. Serve it from a server, or let it use the final URL. Any page can have this \
                                 origin, so allow it only for responses that everybody may read: \
                                 `.allow_null_origin(true)`, without credentials."
                    .to_owned(),
                Some(origin) if is_origin(origin) => general.replace("https://app.example.com", origin),
                _ => general.to_owned(),
            },
            Cause::MethodNotAllowed => match self.detail("method") {
                Some(method) if method.eq_ignore_ascii_case("patch") && method != "PATCH" => format!(
                    "Let the page send `PATCH` instead of `{method}`: methods are case-sensitive. Then write \
                     `.allow_methods([\"PATCH\"])`."
                ),
                Some(method) if is_name(method) => format!(
                    "Write `.allow_methods([\"{method}\"])`, next to the methods that are listed already."
                ),
                _ => general.to_owned(),
            },
            Cause::HeaderNotAllowed => match self.detail("header") {
                Some(header) if is_name(header) => format!(
                    "Write `.allow_headers([\"{}\"])`, next to the headers that are listed already. Engines name one header at \
                     a time: add all that the page sends.",
                    header.to_ascii_lowercase()
                ),
                _ => general.to_owned(),
            },
            Cause::HeaderNotExposed => match self.detail("header") {
                Some(header) if is_name(header) => format!(
                    "Write `.expose_headers([\"{}\"])`, next to the headers that are listed already.",
                    header.to_ascii_lowercase()
                ),
                _ => general.to_owned(),
            },
            Cause::PreflightStatus => match self.detail("status") {
                Some("401") => "Authentication answers OPTIONS, outside the CORS layer. Browsers send no credentials with \
                                preflights. Move the layer outside of it."
                    .to_owned(),
                Some("403") if self.engines == [Engine::WebKit] => {
                    "Probably the CORS layer rejected the page's origin: list it exactly, with `.allow_origins([…])`. If the \
                     response has no `Vary: Origin`, something outside the layer answered, such as a firewall: move the \
                     layer outside of it."
                        .to_owned()
                }
                Some("404" | "405") => "The router answers OPTIONS, outside the CORS layer. Put the layer around the router: \
                                        routes that are added after `layer` are not covered."
                    .to_owned(),
                Some(status) if status.starts_with('5') => "The service is down, or failed before the CORS layer. If \
                                                            a proxy answered, look at the service behind it."
                    .to_owned(),
                _ => general.to_owned(),
            },
            _ => general.to_owned(),
        }
    }

    /// Adds what the sentence around a reason names.
    fn add_frame(&mut self, text: &Text) {
        const FRAMES: [&str; 4] = [
            "' from origin '{origin}' has been blocked",
            "Access to {value} at '{url}'",
            "disallows reading the remote resource at {url}. (Reason",
            "Status code: {status}.",
        ];
        for frame in FRAMES {
            let Some(matched) = text.find(frame).filter(|matched| matched.is_complete) else {
                continue;
            };
            for (name, value) in matched.details {
                if name != "value" && self.detail(name).is_none() {
                    self.details.push((name, value));
                }
            }
        }
    }

    /// Tells apart what an engine says with the same words.
    fn refine(&mut self) {
        let status = self.detail("status").map(str::to_owned);
        match self.cause {
            // Firefox says of two values that they do not match.
            Cause::OriginRepeated | Cause::OtherOriginAllowed
                if self.engines == [Engine::Firefox] =>
            {
                let is_repeated = self
                    .detail("value")
                    .is_some_and(|value| value.contains(','));
                self.cause = if is_repeated {
                    Cause::OriginRepeated
                } else {
                    Cause::OtherOriginAllowed
                };
                let repeated = [
                    Blocked::CorsCheck(crate::testing::CorsCheck::AllowOriginRepeated),
                    Blocked::PreflightCorsCheck(crate::testing::CorsCheck::AllowOriginRepeated),
                ];
                self.reasons
                    .retain(|reason| repeated.contains(reason) == is_repeated);
            }
            // Firefox reports a socket and a stream of events with the same words.
            Cause::WebSocketRejected | Cause::NotEventStream
                if self.engines == [Engine::Firefox] =>
            {
                let is_socket = self.detail("url").is_some_and(|url| url.starts_with("ws"));
                let (cause, reason) = if is_socket {
                    (Cause::WebSocketRejected, Blocked::WebSocketRejected)
                } else {
                    (Cause::NotEventStream, Blocked::NotEventStream)
                };
                self.cause = cause;
                self.reasons = vec![reason];
            }
            Cause::NoResponse if self.detail("value") == Some("FAILED") => {
                self.cause = Cause::ReasonElsewhere;
                self.reasons.clear();
            }
            // WebKit reports redirects as failures.
            Cause::PreflightStatus | Cause::PreflightRedirected
                if self.engines == [Engine::WebKit] =>
            {
                self.cause = match status {
                    Some(status) if status.starts_with('3') => Cause::PreflightRedirected,
                    _ => Cause::PreflightStatus,
                };
            }
            _ => {}
        }
        // Chromium says which of the two responses it is.
        if self.engines == [Engine::Chromium] && !self.reasons.is_empty() {
            let is_preflight = self.is_preflight;
            let of_this = |reason: &Blocked| match reason {
                Blocked::PreflightCorsCheck(_) => is_preflight,
                Blocked::CorsCheck(_) => !is_preflight,
                _ => true,
            };
            if self.reasons.iter().any(of_this) {
                self.reasons.retain(of_this);
            }
        }
    }
}

impl fmt::Display for Diagnosis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.cause.summary(), self.fix())
    }
}

impl Message {
    /// Returns whether the text has the whole message, with something in the place of each placeholder.
    ///
    /// ```
    /// use tower_cors::testing::{Cause, Message};
    ///
    /// let printed = "Method PUT is not allowed by Access-Control-Allow-Methods.";
    /// let message = Message::all().find(|message| message.is_in(printed)).unwrap();
    /// assert_eq!(message.cause(), Cause::MethodNotAllowed);
    /// ```
    pub fn is_in(self, text: &str) -> bool {
        let found = Text::of(text).find(self.template());
        found.is_some_and(|found| found.is_complete)
    }
}

/// Returns whether a method or a header of a message can stand in a line of code.
fn is_name(name: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.!*+".contains(&byte);
    !name.is_empty() && name.len() <= 128 && name.bytes().all(is_plain)
}

/// Returns whether an origin of a message can stand in a line of code.
fn is_origin(origin: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.:/[]".contains(&byte);
    origin.contains("://") && origin.len() <= 300 && origin.bytes().all(is_plain)
}

struct Found {
    message: Message,
    matched: Match,
}

impl Found {
    fn rank(&self) -> Rank {
        self.matched.rank(self.message)
    }
}

/// What makes a message the one that counts: that it has a reason, that it is about more than an error of the network, that all of
/// it was found, and how much that is.
type Rank = (bool, bool, bool, usize);

struct Match {
    /// The bytes of the template that were found.
    matched: usize,
    is_complete: bool,
    details: Vec<(&'static str, String)>,
}

impl Match {
    fn rank(&self, message: Message) -> Rank {
        let cause = message.cause();
        (
            cause != Cause::ReasonElsewhere && (self.is_complete || self.matched >= 2 * ENOUGH),
            ![
                Cause::NoResponse,
                Cause::WebSocketRejected,
                Cause::NotEventStream,
            ]
            .contains(&cause),
            self.is_complete,
            self.matched,
        )
    }
}

/// A pasted text with one kind of quote and of space.
struct Text {
    plain: String,
    /// The same in lower case, with the same length.
    folded: String,
}

impl Text {
    fn of(text: &str) -> Self {
        let mut end = text.len().min(READ);
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        let plain = plain(&text[..end]);
        let folded = plain.to_ascii_lowercase();
        Self { plain, folded }
    }

    /// What libraries make of an error without a reason.
    fn of_a_library(&self) -> Option<Diagnosis> {
        let is_known = self.folded.contains("axioserror: network error")
            || self.folded.contains("error: network error");
        is_known.then(|| Diagnosis {
            cause: Cause::ReasonElsewhere,
            engines: Vec::new(),
            reasons: Vec::new(),
            details: Vec::new(),
            is_preflight: false,
        })
    }

    /// Finds a template: as a whole, or a good part of it where the text begins or ends.
    fn find(&self, template: &'static str) -> Option<Match> {
        let parts = parts(template);
        let all = parts.iter().map(|(literal, _)| literal.len()).sum();
        (0..parts.len()).find_map(|first| {
            let mut found = self.find_parts(&parts[first..])?;
            found.is_complete = found.matched == all;
            (found.is_complete || found.matched >= ENOUGH).then_some(found)
        })
    }

    /// Finds these parts, the first of which may lack its beginning and the last its end.
    fn find_parts(&self, parts: &[Part]) -> Option<Match> {
        let folded = self.folded.as_str();
        let mut found = Match {
            matched: 0,
            is_complete: false,
            details: Vec::new(),
        };
        // Where the text goes on after what was found; the placeholder that waits for its value.
        let mut end = 0;
        let mut open: Option<&'static str> = None;
        for (literal, name) in parts {
            if literal.is_empty() {
                open = name.or(open);
                continue;
            }
            let rest = &folded[end..];
            let is_first = found.matched == 0;
            let whole = rest.find(literal.as_str()).map(|at| (at, literal.len()));
            let (at, length) = match whole {
                Some(whole) => whole,
                None => match suffix_at_start(rest, literal).filter(|_| is_first) {
                    Some(length) => (0, length),
                    None => {
                        let length = prefix_at_end(rest, literal);
                        if is_first && length < ENOUGH {
                            return None;
                        }
                        (rest.len() - length, length)
                    }
                },
            };
            if let Some(name) = open.take() {
                let value = self.plain[end..end + at].trim();
                // Another sentence goes on here.
                if length < literal.len() && name != "value" && value.contains(' ') {
                    return None;
                }
                found.details.push((name, value.to_owned()));
            }
            found.matched += length;
            end += at + length;
            let is_cut = whole.is_none() && end == folded.len();
            if is_cut {
                return Some(found);
            }
            open = *name;
        }
        if let Some(name) = open {
            let value = self.plain[end..].split(' ').next().unwrap_or_default();
            let value = value.trim_end_matches(['\'', ')', ';', '.', ',', ':']);
            found.details.push((name, value.to_owned()));
        }
        Some(found)
    }
}

/// A literal of a template, and the placeholder that follows.
type Part = (String, Option<&'static str>);

/// Splits a template into literals in lower case, each with the placeholder that follows.
fn parts(template: &'static str) -> Vec<Part> {
    let mut parts = Vec::new();
    let mut rest = template;
    loop {
        let Some((before, after)) = rest.split_once('{') else {
            parts.push((literal(rest), None));
            return parts;
        };
        let Some((name, after)) = after.split_once('}') else {
            parts.push((literal(before), None));
            return parts;
        };
        parts.push((literal(before), Some(name)));
        rest = after;
    }
}

/// A literal of a template as it is looked for: a sentence may go on, or lack its last point.
fn literal(text: &str) -> String {
    let text = plain(text).to_ascii_lowercase();
    text.strip_suffix('.').unwrap_or(&text).to_owned()
}

/// The least of a literal that is looked for where the text begins, in bytes.
const BEGINNING: usize = 8;

/// Returns the length of the longest end of the literal with which the text begins, if it is enough.
fn suffix_at_start(text: &str, literal: &str) -> Option<usize> {
    let starts = literal.char_indices().map(|(at, _)| at);
    let lengths = starts.map(|at| (literal.len() - at, &literal[at..]));
    lengths
        .take_while(|(length, _)| *length >= BEGINNING)
        .find(|(_, suffix)| text.starts_with(suffix))
        .map(|(length, _)| length)
}

/// Returns the length of the longest beginning of the literal with which the text ends, which may be nothing.
fn prefix_at_end(text: &str, literal: &str) -> usize {
    let ends = literal.char_indices().map(|(at, _)| at).rev();
    let mut ends = ends.filter(|end| text.ends_with(&literal[..*end]));
    ends.next().unwrap_or_default()
}

/// Replaces quotes by `'`, and each run of spaces by one space. Leaves backslashes out.
fn plain(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for char in text.chars() {
        match char {
            '\\' | '\u{200b}' | '\u{feff}' => {}
            '"' | '`' | '´' | '‘' | '’' | '‚' | '“' | '”' | '„' | '«' | '»' | '‹' | '›' => {
                plain.push('\'')
            }
            '…' => plain.push_str("..."),
            char if char.is_whitespace() => {
                if !plain.ends_with(' ') {
                    plain.push(' ');
                }
            }
            char => plain.push(char),
        }
    }
    plain
}
