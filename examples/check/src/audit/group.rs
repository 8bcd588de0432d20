//! Findings by their cause: one mistake shows in many requests.

use http::header::{ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_ORIGIN, ORIGIN};
use tower_cors::testing::{Finding, Hole, Severity};

use super::mistake::{
    Mistake, asked_host, is_about_origins, is_echo, is_made_up, merge, origin_mistake,
};
use super::words::{Words, host, words};
use crate::advice::Need;
use crate::text::escaped;

/// Requests that a group shows.
const SHOWN: usize = 3;

/// Findings with the same cause.
#[derive(Debug)]
pub(super) struct Group<'a> {
    /// A stable name.
    pub(super) code: &'static str,
    pub(super) severity: Level,
    pub(super) title: String,
    /// What an attacker, or a user, gets of it.
    pub(super) consequence: String,
    /// The request and the response, one line for each header.
    pub(super) shown: Vec<String>,
    pub(super) count: usize,
    pub(super) change: String,
    pub(super) need: Need,
    pub(super) example: &'a Finding,
    pub(super) shows_wire: bool,
}

/// How bad it is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Level {
    Hole,
    Mistake,
    Note,
}

impl Level {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Hole => "hole",
            Self::Mistake => "mistake",
            Self::Note => "note",
        }
    }

    /// Returns whether the exit code says it.
    pub(super) fn fails(self) -> bool {
        self != Self::Note
    }
}

/// Groups findings by what a server does wrong, the worst first.
///
/// `meant` are the origins that are meant to be allowed, for the lines to write.
pub(super) fn groups<'a>(
    findings: &'a [Finding],
    page: &str,
    method: &str,
    meant: &[String],
) -> Vec<Group<'a>> {
    let mut found: Vec<(Mistake, Vec<&Finding>)> = Vec::new();
    let mut add = |mistake, finding| match found.iter_mut().find(|(other, _)| *other == mistake) {
        Some((_, findings)) => findings.push(finding),
        None => found.push((mistake, vec![finding])),
    };
    let allows_any = findings
        .iter()
        .any(|finding| is_made_up(finding) && is_about_origins(finding.hole()));
    for finding in findings {
        let mistake = match finding.hole() {
            // A server that sends back any origin also sends back `*` and one of two.
            hole if allows_any && (is_about_origins(hole) || is_echo(finding)) => {
                Mistake::AnyOrigin
            }
            _ if is_echo(finding) && origin(finding) == "*" => Mistake::Loose,
            hole if is_about_origins(hole) => origin_mistake(finding, page),
            Hole::RepeatedAllowed => Mistake::TwoOrigins,
            Hole::WildcardAllowed => Mistake::Wildcard,
            Hole::WildcardWithCredentials => Mistake::WildcardWithCredentials,
            Hole::AllowOriginRepeated => Mistake::Repeated,
            Hole::VaryMissing => Mistake::VaryMissing,
            Hole::AllowedOriginRejected => Mistake::NotAllowed,
            Hole::NoCorsLayer => Mistake::NoLayer,
            Hole::RequestNotAllowed => Mistake::RequestNotAllowed,
            Hole::CredentialsNotAllowed => Mistake::CredentialsMissing,
            Hole::CredentialsAllowed => Mistake::CredentialsAllowed,
            Hole::ServiceFailed => Mistake::Failed,
            _ => Mistake::Other,
        };
        add(mistake, finding);
    }
    for (mistake, findings) in &mut found {
        // `strangerapp.example.com` is a neighbor, and ends like the name that is meant.
        let ends_so = |finding: &&Finding| asked_host(&origin(finding)).ends_with(&host(page));
        if *mistake == Mistake::Neighbors && findings.iter().all(ends_so) {
            *mistake = Mistake::Suffix;
        }
    }
    merge(&mut found);
    let mut groups: Vec<Group<'a>> = found
        .into_iter()
        .map(|(mistake, findings)| group(mistake, &findings, page))
        .collect();
    for group in &mut groups {
        group.need.meant = meant.to_vec();
        group.need.method = method.to_owned();
    }
    groups.sort_by_key(|group| group.severity);
    groups
}

pub(super) fn origin(finding: &Finding) -> String {
    let origin = finding.exchange().request_headers().get(ORIGIN);
    origin
        .map(|origin| escaped(origin.as_bytes()))
        .unwrap_or_default()
}

fn group<'a>(mistake: Mistake, findings: &[&'a Finding], page: &str) -> Group<'a> {
    let with_credentials = findings.iter().any(|finding| {
        let headers = finding.exchange().response_headers();
        headers
            .and_then(|headers| headers.get(ACCESS_CONTROL_ALLOW_CREDENTIALS))
            .is_some_and(|value| value == "true")
    });
    let mut shown: Vec<String> = Vec::new();
    for finding in findings {
        let line = line(finding);
        if shown.len() < SHOWN && !shown.contains(&line) {
            shown.push(line);
        }
    }
    let severity = match findings.iter().map(|finding| finding.severity()).max() {
        Some(Severity::Hole) => Level::Hole,
        Some(Severity::Mistake) => Level::Mistake,
        _ => Level::Note,
    };
    let Words {
        code,
        title,
        consequence,
        change,
        need,
    } = words(mistake, findings, page, with_credentials);
    Group {
        code,
        severity: if mistake == Mistake::Case {
            Level::Note
        } else {
            severity
        },
        title,
        consequence,
        shown,
        count: findings.len(),
        change,
        need,
        example: findings[0],
        shows_wire: matches!(
            mistake,
            Mistake::RequestNotAllowed | Mistake::NotAllowed | Mistake::NoLayer
        ),
    }
}

/// What was sent, and what came back.
fn line(finding: &Finding) -> String {
    let exchange = finding.exchange();
    let sent: Vec<String> = exchange
        .request_headers()
        .get_all(ORIGIN)
        .iter()
        .map(|origin| format!("Origin: {}", escaped(origin.as_bytes())))
        .collect();
    let sent = if sent.is_empty() {
        "no Origin".to_owned()
    } else {
        sent.join(" and ")
    };
    let kind = if exchange.is_preflight() {
        "preflight"
    } else {
        exchange.method()
    };
    let headers = exchange.response_headers().cloned().unwrap_or_default();
    let mut received: Vec<String> = headers
        .get_all(ACCESS_CONTROL_ALLOW_ORIGIN)
        .iter()
        .map(|value| format!("Access-Control-Allow-Origin: {}", escaped(value.as_bytes())))
        .collect();
    if received.is_empty() {
        received.push("no Access-Control-Allow-Origin".to_owned());
    }
    if finding.hole() == Hole::VaryMissing {
        received.push("no Vary: Origin".to_owned());
    }
    let status = exchange
        .status()
        .map(|status| status.as_u16().to_string())
        .unwrap_or_else(|| "no answer".to_owned());
    format!("{kind} with {sent} → {status}, {}", received.join(", "))
}
