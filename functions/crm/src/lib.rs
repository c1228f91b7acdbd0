//! CRM: the API that a CRM or a person calls, and the pages behind the signed links in offers.

mod access;
mod answer;
mod audit;
mod deadlines;
mod erase;
mod export;
mod hand_over;
mod lead_json;
mod list;
mod offer_page;
mod offers;
mod people;
mod playbook;
mod pools;
mod reads;
mod rebase;
mod release;
mod route_json;
mod timeline;

use leadline_core::playbook::Reach;
use leadline_core::seal::Seal;
use leadline_runtime::follow_up::HandleError;
use leadline_runtime::http::{Problem, Request, Response};
use leadline_runtime::ports::Ports;
use leadline_runtime::shelf::Shelf;
use leadline_store::access::Scope;
use leadline_store::rows::Corrupt;
use leadline_store::{CommitError, ReadError, TableError};

/// What the function keeps between requests.
#[derive(Debug)]
pub struct Crm {
    /// Links, keyed hashes, cursors.
    pub seal: Seal,
    /// Playbooks.
    pub shelf: Shelf,
    /// How far a playbook may reach that is published here.
    pub reach: Reach,
}

/// The API's description, OpenAPI 3.1.
pub const OPENAPI: &str = include_str!("../openapi.json");

/// The longest body of anything but a playbook.
const MAX_BODY: usize = 64 * 1024;

/// Why a request came to nothing.
#[derive(Debug)]
enum Failure {
    /// The caller is told what to do.
    Problem(Problem),
    /// We could not do it.
    Handle(HandleError),
}

impl From<Problem> for Failure {
    fn from(problem: Problem) -> Self {
        Failure::Problem(problem)
    }
}

macro_rules! ours {
    ($($error:ty),+ $(,)?) => {
        $(impl From<$error> for Failure {
            fn from(error: $error) -> Self {
                Failure::Handle(error.into())
            }
        })+
    };
}

ours!(HandleError, leadline_core::lead::IllegalMove, ReadError, CommitError, TableError, Corrupt);

type Answered = Result<Response, Failure>;

/// Answers one request.
pub async fn handle<P: Ports>(crm: &Crm, ports: &P, request: Request) -> Response {
    let answered = match request.segments().as_slice() {
        ["openapi.json"] if request.method == "GET" => {
            Ok(Response::new(200, "application/json", OPENAPI.to_owned()))
        }
        ["offers", token] => return offers::handle(crm, ports, &request, token).await,
        _ => with_key(crm, ports, &request).await,
    };
    match answered {
        Ok(response) => response,
        Err(Failure::Problem(problem)) => problem.into(),
        Err(Failure::Handle(error)) => {
            tracing::error!(error = error.name(), detail = %error, "request failed");
            Problem::unavailable().into()
        }
    }
}

/// Everything that needs a key.
async fn with_key<P: Ports>(crm: &Crm, ports: &P, request: &Request) -> Answered {
    let caller = access::caller(ports, request).await?;
    let segments = request.segments();
    let route = (request.method.as_str(), segments.as_slice());
    caller.may(scope_of(&route))?;
    if request.body.len() > MAX_BODY && !matches!(route, ("PUT" | "POST", ["playbook", ..])) {
        return Err(Problem::new(413, "body-too-large", "Too large", "Send at most 64 KiB.").into());
    }
    match route {
        ("GET", ["submissions", id]) => reads::submission(ports, id).await,
        ("GET", ["leads"]) => list::leads(crm, ports, request).await,
        ("GET", ["leads", id]) => reads::lead(crm, ports, id).await,
        ("GET", ["leads", id, "deadlines"]) => deadlines::of_lead(crm, ports, id).await,
        ("GET", ["leads", id, "timeline"]) => timeline::page(crm, ports, request, id).await,
        ("GET", ["leads", id, "export"]) => export::lead(crm, ports, id).await,
        ("POST", ["exports"]) => export::person(crm, ports, request).await,
        ("POST", ["leads", id, "erase"]) => erase::lead(crm, ports, &caller, request, id).await,
        ("POST", ["erasures"]) => erase::person(crm, ports, &caller, request).await,
        ("GET", ["erasures", id]) => erase::receipt(ports, id).await,
        ("POST", ["leads", id, "reassign"]) => hand_over::reassign(crm, ports, &caller, request, id).await,
        ("POST", ["leads", id, "release"]) => release::release(crm, ports, &caller, request, id).await,
        ("POST", ["leads", id, verb]) => answer::answer(crm, ports, &caller, request, id, verb).await,
        ("GET", ["playbook"]) => playbook::current(crm, ports, request).await,
        ("PUT", ["playbook"]) => playbook::publish(crm, ports, &caller, request).await,
        ("POST", ["playbook", "validate"]) => playbook::validate(crm, ports, request),
        ("GET", ["playbook", "rebase"]) => rebase::preview(crm, ports, request).await,
        ("POST", ["playbook", "rebase"]) => rebase::apply(crm, ports, &caller, request).await,
        ("GET", ["playbook", "versions"]) => playbook::versions(ports).await,
        ("GET", ["playbook", "versions", n]) => playbook::version(ports, request, n).await,
        ("POST", ["playbook", "versions", n, "activate"]) => playbook::activate(crm, ports, n).await,
        ("GET", ["reps", id]) => people::rep(crm, ports, id).await,
        ("PATCH", ["reps", id]) => people::change_rep(crm, ports, request, id).await,
        ("GET", ["pools", id]) => pools::pool(crm, ports, id).await,
        ("GET", ["audit"]) => audit::audit(crm, ports, request).await,
        _ => Err(Problem::not_found("operation").into()),
    }
}

/// What a key needs for an operation. Unknown operations need any key, so that they cannot be told apart without one.
fn scope_of(route: &(&str, &[&str])) -> Option<Scope> {
    match route {
        (_, ["erasures" | "exports", ..] | ["leads", _, "erase" | "export"]) => Some(Scope::Admin),
        (_, ["playbook", ..]) if route.0 != "GET" => Some(Scope::PlaybookWrite),
        ("GET", _) => Some(Scope::LeadsRead),
        (_, ["leads" | "reps", ..]) => Some(Scope::LeadsWrite),
        _ => None,
    }
}
