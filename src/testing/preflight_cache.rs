//! What a browser remembers of preflights.

use std::time::Duration;

use http::HeaderMap;
use http::header::ACCESS_CONTROL_MAX_AGE;
use url::Url;

use super::check::{Allowed, Asked};
use super::header_value::get;
use super::profile::{Deviation, Profile};
use super::safelist::{is_non_wildcard_request_header, is_safelisted_method};

/// <https://fetch.spec.whatwg.org/#concept-cache>
#[derive(Clone, Default, Debug)]
pub(super) struct PreflightCache {
    entries: Vec<Entry>,
}

#[derive(Clone, Debug)]
struct Entry {
    key: Key,
    credentials: bool,
    allows: Allows,
    expires: Duration,
}

/// What entries are found by.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Key {
    /// The origin in the form that it is sent in.
    pub(super) origin: String,
    /// The site of the tab.
    pub(super) partition: String,
    pub(super) url: Url,
}

#[derive(Clone, PartialEq, Eq, Debug)]
enum Allows {
    /// Nothing in itself: there was an answer.
    Answer,
    Method(Vec<u8>),
    /// In lower case.
    Header(Vec<u8>),
}

impl PreflightCache {
    /// Whether a request needs no preflight, for it was allowed before:
    /// <https://fetch.spec.whatwg.org/#concept-http-fetch>, the condition on the cache.
    pub(super) fn permits(
        &self,
        key: &Key,
        asked: &Asked<'_>,
        now: Duration,
        profile: &Profile,
    ) -> bool {
        let finds = |allows: Allows| {
            let entries = &mut self.entries.iter();
            entries.any(|entry| entry.matches(key, asked.with_credentials, &allows, now, profile))
        };
        let has_unsafe_names = !asked.unsafe_names.is_empty();
        let method = if !is_safelisted_method(asked.method) {
            Some(Allows::Method(asked.method.into()))
        } else if asked.use_cors_preflight && profile.has(Deviation::AnyAnswerServesUploads) {
            Some(Allows::Answer)
        } else if asked.use_cors_preflight
            || asked.method == "HEAD"
                && has_unsafe_names
                && profile.has(Deviation::HeadMustBeCached)
        {
            Some(Allows::Method(asked.method.into()))
        } else {
            None
        };
        method.is_none_or(finds)
            && asked
                .unsafe_names
                .iter()
                .all(|name| finds(Allows::Header(name.as_str().into())))
    }

    /// Remembers an answer: <https://fetch.spec.whatwg.org/#cors-preflight-fetch>, the last steps.
    ///
    /// The standard lets a newer answer change the Max-Age of an entry and says nothing of when it was stored; engines
    /// that keep entries count from the newer answer.
    pub(super) fn store(
        &mut self,
        key: &Key,
        with_credentials: bool,
        allowed: &Allowed,
        max_age: Duration,
        now: Duration,
        profile: &Profile,
    ) {
        if profile.has(Deviation::NewAnswerReplacesOlder) {
            self.clear(key);
        }
        let methods = allowed.methods.iter().cloned().map(Allows::Method);
        let headers = allowed
            .headers
            .iter()
            .map(|name| Allows::Header(name.to_ascii_lowercase()));
        let expires = now.saturating_add(max_age);
        let answer = profile
            .has(Deviation::AnyAnswerServesUploads)
            .then_some(Allows::Answer);
        for allows in methods.chain(headers).chain(answer) {
            if profile.has(Deviation::WildcardIsNotCached) && allows.is_wildcard() {
                continue;
            }
            match self
                .entries
                .iter_mut()
                .find(|entry| entry.matches(key, with_credentials, &allows, now, profile))
            {
                Some(entry) => entry.expires = expires,
                None => self.entries.push(Entry {
                    key: key.clone(),
                    credentials: with_credentials,
                    allows,
                    expires,
                }),
            }
        }
        self.entries.retain(|entry| now < entry.expires);
    }

    /// <https://fetch.spec.whatwg.org/#concept-cache-clear>
    pub(super) fn clear(&mut self, key: &Key) {
        self.entries.retain(|entry| entry.key != *key);
    }
}

impl Entry {
    /// <https://fetch.spec.whatwg.org/#concept-cache-match-method>,
    /// <https://fetch.spec.whatwg.org/#concept-cache-match-header>
    fn matches(
        &self,
        key: &Key,
        with_credentials: bool,
        asked: &Allows,
        now: Duration,
        profile: &Profile,
    ) -> bool {
        let serves_credentials = if profile.has(Deviation::CredentialsHaveTheirOwnEntries) {
            self.credentials == with_credentials
        } else {
            self.credentials || !with_credentials
        };
        now < self.expires
            && self.key == *key
            && serves_credentials
            && self.allows.covers(asked, profile)
    }
}

impl Allows {
    fn is_wildcard(&self) -> bool {
        matches!(self, Self::Method(name) | Self::Header(name) if name == b"*")
    }

    fn covers(&self, asked: &Self, profile: &Profile) -> bool {
        match asked {
            _ if self == asked => true,
            Self::Answer => false,
            Self::Method(_) => matches!(self, Self::Method(name) if name == b"*"),
            Self::Header(name) => {
                let by_wildcard = !std::str::from_utf8(name)
                    .is_ok_and(is_non_wildcard_request_header)
                    || profile.has(Deviation::WildcardCoversAuthorization);
                by_wildcard && matches!(self, Self::Header(name) if name == b"*")
            }
        }
    }
}

/// How long an answer lives: <https://fetch.spec.whatwg.org/#cors-preflight-fetch>, the steps on max-age.
pub(super) fn max_age(headers: &HeaderMap, profile: &Profile) -> Duration {
    const UNSAID: Duration = Duration::from_secs(5);
    let Some(value) = get(headers, ACCESS_CONTROL_MAX_AGE).filter(|value| !value.is_empty()) else {
        return UNSAID;
    };
    let malformed = if profile.has(Deviation::MalformedMaxAgeIsZero) {
        Duration::ZERO
    } else {
        UNSAID
    };
    let digits = match value.as_slice() {
        [b'+', digits @ ..] if profile.has(Deviation::MaxAgeMayHaveSign) => digits,
        [b'-', digits @ ..]
            if profile.has(Deviation::NegativeMaxAgeIsZero) && is_number(digits) =>
        {
            return Duration::ZERO;
        }
        digits => digits,
    };
    if !is_number(digits) {
        return malformed;
    }
    let seconds = digits.iter().try_fold(0_u64, |seconds, digit| {
        seconds
            .checked_mul(10)?
            .checked_add(u64::from(digit - b'0'))
    });
    let is_huge = seconds.is_none_or(|seconds| i64::try_from(seconds).is_err());
    if is_huge && profile.has(Deviation::HugeMaxAgeIsMalformed) {
        return malformed;
    }
    let max_age = Duration::from_secs(seconds.unwrap_or(u64::MAX));
    profile
        .max_age_limit()
        .map_or(max_age, |limit| max_age.min(limit))
}

fn is_number(digits: &[u8]) -> bool {
    !digits.is_empty() && digits.iter().all(u8::is_ascii_digit)
}
