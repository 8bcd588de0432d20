//! The lines to write, for each server.

use http::HeaderMap;

/// A server, or what it is programmed with.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Server {
    Nginx,
    Caddy,
    Express,
    FastApi,
    Spring,
    Cloudflare,
    S3,
    TowerCors,
}

/// What the server lacks for the request at hand.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub(crate) struct Need {
    /// The origins that are meant to be allowed, for lines that name some.
    pub(crate) meant: Vec<String>,
    /// The origin that must be allowed.
    pub(crate) origin: Option<String>,
    pub(crate) credentials: bool,
    /// The methods that must be listed: those that are, and the missing one.
    pub(crate) methods: Vec<String>,
    /// The headers that must be listed: those that are, and the missing ones.
    pub(crate) headers: Vec<String>,
    /// Preflights must be answered before authentication, routes and redirects.
    pub(crate) preflight: bool,
    /// Errors must have the headers too.
    pub(crate) errors: bool,
    /// `Access-Control-Allow-Origin` must be sent once.
    pub(crate) once: bool,
    /// Caches must be told that the answer depends on the origin.
    pub(crate) vary: bool,
    /// The origin must be compared as a whole.
    pub(crate) exact: bool,
}

impl Need {
    pub(crate) fn is_empty(&self) -> bool {
        let Self { meant, .. } = self;
        *self
            == Self {
                meant: meant.clone(),
                ..Self::default()
            }
    }
}

impl Server {
    pub(crate) const ALL: [Self; 8] = [
        Self::Nginx,
        Self::Caddy,
        Self::Express,
        Self::FastApi,
        Self::Spring,
        Self::Cloudflare,
        Self::S3,
        Self::TowerCors,
    ];

    pub(crate) fn key(self) -> &'static str {
        match self {
            Self::Nginx => "nginx",
            Self::Caddy => "caddy",
            Self::Express => "express",
            Self::FastApi => "fastapi",
            Self::Spring => "spring",
            Self::Cloudflare => "cloudflare",
            Self::S3 => "s3",
            Self::TowerCors => "tower-cors",
        }
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Nginx => "nginx",
            Self::Caddy => "Caddy",
            Self::Express => "Express (cors)",
            Self::FastApi => "FastAPI",
            Self::Spring => "Spring",
            Self::Cloudflare => "Cloudflare",
            Self::S3 => "Amazon S3",
            Self::TowerCors => "tower-cors",
        }
    }

    /// Returns whether another server may have written the answer that this one passes on.
    pub(crate) fn is_proxy(self) -> bool {
        matches!(self, Self::Nginx | Self::Caddy | Self::Cloudflare)
    }

    /// Returns the servers that an answer names.
    pub(crate) fn named(headers: &HeaderMap) -> Vec<Self> {
        let has = |name: &str, part: &str| {
            let lines = headers.get_all(name).iter();
            let part = part.as_bytes();
            lines.into_iter().any(|line| {
                let line = line.as_bytes().to_ascii_lowercase();
                line.windows(part.len().max(1)).any(|window| window == part)
            })
        };
        let named = |server| match server {
            Self::Nginx => has("server", "nginx") || has("server", "openresty"),
            Self::Caddy => has("server", "caddy") || has("via", "caddy"),
            Self::Express => has("x-powered-by", "express"),
            Self::FastApi => has("server", "uvicorn") || has("server", "hypercorn"),
            Self::Spring => headers.contains_key("x-application-context"),
            Self::Cloudflare => has("server", "cloudflare") || headers.contains_key("cf-ray"),
            Self::S3 => has("server", "amazons3"),
            Self::TowerCors => headers.contains_key("x-cors-decision"),
        };
        Self::ALL.into_iter().filter(|&server| named(server)).collect()
    }

    /// Returns the lines to write, with a comment that says where.
    pub(crate) fn lines(self, need: &Need) -> Vec<String> {
        match self {
            Self::Nginx => nginx(need),
            Self::Caddy => caddy(need),
            Self::Express => express(need),
            Self::FastApi => fastapi(need),
            Self::Spring => spring(need),
            Self::Cloudflare => cloudflare(need),
            Self::S3 => s3(need),
            Self::TowerCors => tower_cors(need),
        }
    }
}

/// `"a", "b"`.
fn quoted(items: &[String]) -> String {
    let items: Vec<String> = items.iter().map(|item| format!("\"{item}\"")).collect();
    items.join(", ")
}

/// `["a", "b"]`.
fn list(items: &[String]) -> String {
    format!("[{}]", quoted(items))
}

/// The origins that a list must have: the one that is not allowed, or those that alone are meant.
fn origins(need: &Need) -> Vec<String> {
    match &need.origin {
        Some(origin) => vec![origin.clone()],
        None => need.meant.clone(),
    }
}

/// The first of these origins.
fn origin(need: &Need) -> String {
    origins(need).into_iter().next().unwrap_or_default()
}

fn nginx(need: &Need) -> Vec<String> {
    let mut lines = Vec::new();
    if need.once {
        lines.push("proxy_hide_header Access-Control-Allow-Origin;  # if nginx adds it and the server behind it too".to_owned());
    }
    if let Some(origin) = &need.origin {
        lines.push("# in http { }; only whole origins, no `~` that matches a part".to_owned());
        lines.push(format!("map $http_origin $cors_origin {{ \"{origin}\" $http_origin; }}"));
        lines.push("# in the location; `always` adds it to errors too".to_owned());
        lines.push("add_header Access-Control-Allow-Origin $cors_origin always;".to_owned());
    } else if need.errors {
        lines.push("# add `always` to each `add_header Access-Control-…`, so that errors have it too".to_owned());
        lines.push("add_header Access-Control-Allow-Origin $cors_origin always;".to_owned());
    } else if need.exact {
        lines.push("# in http { }: list whole origins, instead of `$http_origin` or an expression that matches a part".to_owned());
        let entries: Vec<String> = origins(need).iter().map(|origin| format!("\"{origin}\" $http_origin;")).collect();
        lines.push(format!("map $http_origin $cors_origin {{ {} }}", entries.join(" ")));
        lines.push("add_header Access-Control-Allow-Origin $cors_origin always;  # in the location".to_owned());
    }
    if need.origin.is_some() || need.vary {
        lines.push("add_header Vary Origin always;".to_owned());
    }
    if need.credentials {
        lines.push("add_header Access-Control-Allow-Credentials true always;".to_owned());
    }
    if !need.methods.is_empty() {
        lines.push(format!("add_header Access-Control-Allow-Methods \"{}\" always;", need.methods.join(", ")));
    }
    if !need.headers.is_empty() {
        lines.push(format!("add_header Access-Control-Allow-Headers \"{}\" always;", need.headers.join(", ")));
    }
    if need.preflight {
        lines.push("if ($request_method = OPTIONS) { return 204; }  # runs before auth_basic, auth_request and proxy_pass".to_owned());
    }
    lines
}

fn caddy(need: &Need) -> Vec<String> {
    let mut lines = Vec::new();
    if need.once {
        lines.push("reverse_proxy … { header_down -Access-Control-Allow-Origin }  # if Caddy adds it too".to_owned());
    }
    if let Some(origin) = &need.origin {
        lines.push(format!("@cors header Origin {origin}"));
        lines.push(format!("header @cors Access-Control-Allow-Origin {origin}"));
    } else if need.exact {
        lines.push("# whole origins, without `*`".to_owned());
        lines.push("@cors {".to_owned());
        lines.extend(origins(need).iter().map(|origin| format!("    header Origin {origin}")));
        lines.push("}".to_owned());
        lines.push("header @cors Access-Control-Allow-Origin {header.Origin}".to_owned());
    } else if need.errors {
        lines.push(format!("handle_errors {{ header Access-Control-Allow-Origin {} }}", origin(need)));
    }
    if need.origin.is_some() || need.vary {
        lines.push("header +Vary Origin".to_owned());
    }
    let matcher = if need.origin.is_some() { "@cors " } else { "" };
    if need.credentials {
        lines.push(format!("header {matcher}Access-Control-Allow-Credentials true"));
    }
    if !need.methods.is_empty() {
        lines.push(format!("header {matcher}Access-Control-Allow-Methods \"{}\"", need.methods.join(", ")));
    }
    if !need.headers.is_empty() {
        lines.push(format!("header {matcher}Access-Control-Allow-Headers \"{}\"", need.headers.join(", ")));
    }
    if need.preflight {
        lines.push("@preflight method OPTIONS".to_owned());
        lines.push("respond @preflight 204  # in `route { }`, before basic_auth, forward_auth and reverse_proxy".to_owned());
    }
    lines
}

fn express(need: &Need) -> Vec<String> {
    if need.once {
        return vec!["// keep one: app.use(cors(…)), or res.setHeader(\"Access-Control-Allow-Origin\", …), or the proxy's".to_owned()];
    }
    if need.vary && need.origin.is_none() {
        return vec!["res.vary(\"Origin\");  // cors() with a list of origins does it".to_owned()];
    }
    let mut options = Vec::new();
    if need.origin.is_some() || need.exact {
        options.push(format!("origin: {}", list(&origins(need))));
    }
    if need.credentials {
        options.push("credentials: true".to_owned());
    }
    if !need.methods.is_empty() {
        options.push(format!("methods: {}", list(&need.methods)));
    }
    if !need.headers.is_empty() {
        options.push(format!("allowedHeaders: {}", list(&need.headers)));
    }
    let place = match need.preflight || need.errors {
        true => "  // before authentication and all routes: it answers OPTIONS, and errors keep its headers",
        false => "",
    };
    let options = match options.is_empty() {
        true => "…".to_owned(),
        false => format!("{{ {} }}", options.join(", ")),
    };
    vec![format!("app.use(cors({options}));{place}")]
}

fn fastapi(need: &Need) -> Vec<String> {
    if need.once {
        return vec!["# keep one: CORSMiddleware, or response.headers[\"Access-Control-Allow-Origin\"], or the proxy's".to_owned()];
    }
    if need.vary && need.origin.is_none() {
        return vec!["response.headers.add_vary_header(\"Origin\")  # CORSMiddleware with a list of origins does it".to_owned()];
    }
    let mut options = Vec::new();
    if need.origin.is_some() || need.exact {
        options.push(format!("allow_origins={}", list(&origins(need))));
    }
    if need.credentials {
        options.push("allow_credentials=True".to_owned());
    }
    if !need.methods.is_empty() {
        options.push(format!("allow_methods={}", list(&need.methods)));
    }
    if !need.headers.is_empty() {
        options.push(format!("allow_headers={}", list(&need.headers)));
    }
    let options = match options.is_empty() {
        true => "…".to_owned(),
        false => options.join(", "),
    };
    if need.errors {
        return vec![
            "# around the whole application, because middleware of FastAPI is inside its handler of errors (500)".to_owned(),
            format!("app = CORSMiddleware(app, {options})"),
        ];
    }
    let place = match need.preflight {
        true => "  # add it last: the last one is the outermost",
        false => "",
    };
    vec![format!("app.add_middleware(CORSMiddleware, {options}){place}")]
}

fn spring(need: &Need) -> Vec<String> {
    if need.once {
        return vec!["// keep one: CorsConfiguration, @CrossOrigin, or response.setHeader, or the proxy's".to_owned()];
    }
    if need.vary && need.origin.is_none() {
        return vec!["response.addHeader(\"Vary\", \"Origin\");  // Spring's own CORS support does it".to_owned()];
    }
    let mut calls = String::new();
    if need.origin.is_some() || need.exact {
        calls += &format!(".allowedOrigins({})", quoted(&origins(need)));
    }
    if need.credentials {
        calls += ".allowCredentials(true)";
    }
    if !need.methods.is_empty() {
        calls += &format!(".allowedMethods({})", quoted(&need.methods));
    }
    if !need.headers.is_empty() {
        calls += &format!(".allowedHeaders({})", quoted(&need.headers));
    }
    let mut lines = Vec::new();
    if !calls.is_empty() {
        lines.push(format!("registry.addMapping(\"/**\"){calls};  // WebMvcConfigurer.addCorsMappings"));
    }
    if need.preflight || need.errors {
        lines.push("http.cors(Customizer.withDefaults());  // SecurityFilterChain: CORS before authentication".to_owned());
    }
    lines
}

fn cloudflare(need: &Need) -> Vec<String> {
    const HEADERS: &str = "response.headers";
    let mut lines = Vec::new();
    if need.once {
        return vec!["// Rules > Response Header Transform Rules: \"Set static\" replaces the header, \"Add static\" doubles it".to_owned()];
    }
    if need.preflight {
        lines.push("// Zero Trust Access: \"Bypass options requests to origin\"; WAF: a rule that skips OPTIONS".to_owned());
    }
    if need.errors && need.origin.is_none() {
        lines.push("// Cloudflare's own errors have no CORS headers: look into Security > Events and the server behind it".to_owned());
    }
    let mut set = |name: &str, value: String| lines.push(format!("{HEADERS}.set(\"{name}\", \"{value}\");"));
    if let Some(origin) = &need.origin {
        set("Access-Control-Allow-Origin", origin.clone());
    }
    if need.credentials {
        set("Access-Control-Allow-Credentials", "true".to_owned());
    }
    if !need.methods.is_empty() {
        set("Access-Control-Allow-Methods", need.methods.join(", "));
    }
    if !need.headers.is_empty() {
        set("Access-Control-Allow-Headers", need.headers.join(", "));
    }
    if need.exact {
        lines.push("if (ALLOWED.has(request.headers.get(\"Origin\")))  // a Set of whole origins".to_owned());
    }
    if need.origin.is_some() || need.vary {
        lines.push(format!("{HEADERS}.append(\"Vary\", \"Origin\");"));
    }
    if lines.iter().any(|line| line.starts_with(HEADERS)) {
        lines.insert(0, "// in a Worker, or the same as Response Header Transform Rules".to_owned());
    }
    lines
}

fn s3(need: &Need) -> Vec<String> {
    if need.once {
        return vec!["S3 sends it once: look for a CloudFront response headers policy; set \"Origin override\"".to_owned()];
    }
    let mut fields = Vec::new();
    if need.origin.is_some() || need.exact || need.credentials || need.vary || need.errors {
        fields.push(format!("\"AllowedOrigins\": {}", list(&origins(need))));
    }
    if !need.methods.is_empty() {
        let known = ["GET", "PUT", "POST", "DELETE", "HEAD"];
        let (methods, unknown): (Vec<String>, Vec<String>) =
            need.methods.iter().cloned().partition(|method| known.contains(&method.as_str()));
        let methods = if methods.is_empty() { vec!["GET".to_owned()] } else { methods };
        fields.push(format!("\"AllowedMethods\": {}", list(&methods)));
        if let Some(unknown) = unknown.iter().find(|method| *method != "OPTIONS") {
            return vec![format!("S3 has no method {unknown}: send the request to another server")];
        }
    }
    if !need.headers.is_empty() {
        fields.push(format!("\"AllowedHeaders\": {}", list(&need.headers)));
    }
    let mut lines = Vec::new();
    if !fields.is_empty() {
        lines.push(format!("[{{ {} }}]  # aws s3api put-bucket-cors; a rule answers if all of it matches", fields.join(", ")));
    }
    if need.preflight {
        lines.push("S3 answers a preflight with 403 if no rule of the bucket matches it".to_owned());
    }
    if need.origin.is_some() || need.vary {
        lines.push("behind CloudFront: origin request policy CORS-S3Origin, and OPTIONS among the cached methods".to_owned());
    }
    lines
}

fn tower_cors(need: &Need) -> Vec<String> {
    if need.once {
        return vec!["// the layer sends it once: look for a handler or a proxy that adds it outside".to_owned()];
    }
    if need.vary && need.origin.is_none() {
        return vec!["CorsLayer::new(policy)  // sends `Vary: Origin` by itself".to_owned()];
    }
    let mut calls = String::new();
    if need.origin.is_some() || need.exact {
        calls += &format!(".allow_origins({})", list(&origins(need)));
    }
    if need.credentials {
        calls += ".allow_credentials(true)";
    }
    if !need.methods.is_empty() {
        calls += &format!(".allow_methods({})", list(&need.methods));
    }
    if !need.headers.is_empty() {
        calls += &format!(".allow_headers({})", list(&need.headers));
    }
    let mut lines = Vec::new();
    if !calls.is_empty() {
        lines.push(format!("Policy::builder(){calls}"));
    }
    if need.preflight || need.errors {
        lines.push("Router::new().route(…).layer(authentication).layer(CorsLayer::new(policy))  // the last one is the outermost".to_owned());
    }
    lines
}
