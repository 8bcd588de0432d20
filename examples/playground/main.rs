//! An API with a CORS policy and pages of several origins, to see what a browser asks and what it is answered.
//!
//! `cargo run --example playground` prints the address of the page to open. Flags fix the
//! ports, which are free ones otherwise.

mod api;
mod page;
mod policy;
mod record;
mod rust;
mod simulate;

use std::error::Error;
use std::io;

use tokio::net::TcpListener;
use tower_cors::PolicyHandle;

use api::Api;
use page::Places;
use record::Recorder;

const HELP: &str = "\
An API with a CORS policy, and pages of several origins that call it.

    cargo run --example playground -- [OPTIONS]

    --page-port PORT      the page, at localhost and at 127.0.0.1
    --other-port PORT     a page of another origin
    --api-port PORT       the API behind the policy
    --guarded-port PORT   the same, which blocks requests of other pages too
    --careless-port PORT  the same behind a careless CORS

Without a port, a free one is taken. The page calls all five at localhost. To open it from another computer, fix all ports and
forward each to the same port there, for example with ssh -L 8000:localhost:8000.";

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let ports = match Ports::from_arguments(std::env::args().skip(1)) {
        Ok(Some(ports)) => ports,
        Ok(None) => {
            println!("{HELP}");
            return Ok(());
        }
        Err(mistake) => {
            eprintln!("{mistake}\n\n{HELP}");
            std::process::exit(2);
        }
    };
    let (ours, at_ours) = listen(ports.api).await?;
    let (guarded, at_guarded) = listen(ports.guarded).await?;
    let (broken, at_broken) = listen(ports.careless).await?;
    let (page, at_page) = listen(ports.page).await?;
    let (other, at_other) = listen(ports.other).await?;
    let places = Places {
        far: at_page.replace("localhost", "127.0.0.1"),
        page: at_page,
        other: at_other,
        ours: at_ours,
        guarded: at_guarded,
        broken: at_broken,
    };

    let start = policy::start(&places.page);
    let handle = PolicyHandle::new(policy::read(&start)?.policy);
    let recorder = Recorder::new(handle.clone());
    println!("API:  {}", places.ours);
    println!("page: {}   <- open this in a browser", places.page);
    let app = |api: Api| api.router(&handle, &recorder);
    let pages = page::app(places.clone(), start, handle.clone(), recorder.clone())?;
    let _ended = tokio::try_join!(
        axum::serve(ours, app(Api::Ours)).into_future(),
        axum::serve(guarded, app(Api::Guarded)).into_future(),
        axum::serve(broken, app(Api::Broken)).into_future(),
        axum::serve(other, page::frame_app(&places)).into_future(),
        axum::serve(page, pages).into_future(),
    )?;
    Ok(())
}

/// A listener, and its origin. One address is enough: where `localhost` means `::1` first, browsers try 127.0.0.1 next.
async fn listen(port: u16) -> io::Result<(TcpListener, String)> {
    let listener = TcpListener::bind(("127.0.0.1", port)).await?;
    let origin = format!("http://localhost:{}", listener.local_addr()?.port());
    Ok((listener, origin))
}

#[derive(Default)]
struct Ports {
    page: u16,
    other: u16,
    api: u16,
    guarded: u16,
    careless: u16,
}

impl Ports {
    /// The ports of the command line; `None` if it asks for help.
    fn from_arguments(mut arguments: impl Iterator<Item = String>) -> Result<Option<Self>, String> {
        let mut ports = Self::default();
        while let Some(argument) = arguments.next() {
            let port = match argument.as_str() {
                "--page-port" => &mut ports.page,
                "--other-port" => &mut ports.other,
                "--api-port" => &mut ports.api,
                "--guarded-port" => &mut ports.guarded,
                "--careless-port" => &mut ports.careless,
                "--help" | "-h" => return Ok(None),
                other => return Err(format!("`{}` is no option", other.escape_debug())),
            };
            let value = arguments
                .next()
                .ok_or_else(|| format!("{argument} wants a port"))?;
            *port = value.parse().map_err(|_| {
                format!(
                    "`{}` is no port: a port is a number from 0 to 65535",
                    value.escape_debug()
                )
            })?;
        }
        Ok(Some(ports))
    }
}
