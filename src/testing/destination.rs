//! What a request is for, and how much of the page it names.

/// The destination of a request, which browsers send as `Sec-Fetch-Dest`:
/// <https://fetch.spec.whatwg.org/#concept-request-destination>
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum Destination {
    /// `fetch()`, `XMLHttpRequest`, `EventSource`, `WebSocket`, `sendBeacon()`. Sent as `empty`.
    Empty,
    /// `<audio>`
    Audio,
    /// The page itself: a link, a form, the address bar.
    Document,
    /// `<embed>`
    Embed,
    /// `@font-face`
    Font,
    /// `<frame>`
    Frame,
    /// `<iframe>`
    Iframe,
    /// `<img>`, `background-image`
    Image,
    /// `<link rel="manifest">`
    Manifest,
    /// `<object>`
    Object,
    /// `<script>`, `import`
    Script,
    /// `<link rel="stylesheet">`, `@import`
    Style,
    /// `<track>`
    Track,
    /// `<video>`
    Video,
    /// `new Worker()`
    Worker,
}

impl Destination {
    /// The value of `Sec-Fetch-Dest`: <https://w3c.github.io/webappsec-fetch-metadata/#sec-fetch-dest-header>
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Empty => "empty",
            Self::Audio => "audio",
            Self::Document => "document",
            Self::Embed => "embed",
            Self::Font => "font",
            Self::Frame => "frame",
            Self::Iframe => "iframe",
            Self::Image => "image",
            Self::Manifest => "manifest",
            Self::Object => "object",
            Self::Script => "script",
            Self::Style => "style",
            Self::Track => "track",
            Self::Video => "video",
            Self::Worker => "worker",
        }
    }

    /// The `Accept` of a request that sets none: <https://fetch.spec.whatwg.org/#concept-fetch>
    pub(super) fn accept(self) -> &'static str {
        match self {
            Self::Document | Self::Frame | Self::Iframe => {
                "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
            }
            Self::Image => "image/png,image/svg+xml,image/*;q=0.8,*/*;q=0.5",
            Self::Style => "text/css,*/*;q=0.1",
            _ => "*/*",
        }
    }
}

/// The referrer policy of a request: <https://w3c.github.io/webappsec-referrer-policy/#referrer-policies>
///
/// The browser sends no `Referer`. The policy decides when `Origin` is `null` instead of the page's origin: on POST by a
/// form, a beacon or a `no-cors` fetch. <https://fetch.spec.whatwg.org/#append-a-request-origin-header>
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum ReferrerPolicy {
    /// `Origin: null`, also to the page's own origin.
    NoReferrer,
    /// `Origin: null` from `https` to `http`.
    NoReferrerWhenDowngrade,
    /// `Origin: null` to other origins.
    SameOrigin,
    /// The origin.
    Origin,
    /// `Origin: null` from `https` to `http`.
    StrictOrigin,
    /// The origin.
    OriginWhenCrossOrigin,
    /// `Origin: null` from `https` to `http`.
    #[default]
    StrictOriginWhenCrossOrigin,
    /// The origin.
    UnsafeUrl,
}

/// What answers a request is used for, if not for `fetch()`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Initiator {
    /// `fetch()`, or an element.
    Page,
    /// The user, in the address bar.
    User,
    Beacon,
    EventSource,
}
