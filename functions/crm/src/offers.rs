//! The pages behind the signed links in offers: `GET` shows, `POST` acts, because link scanners follow links.

use leadline_core::lead::{Actor, Answer, Lead, Stage};
use leadline_core::seal::TokenError;
use leadline_core::sla::ClockKind;
use leadline_edge::offer_link::OfferLink;
use leadline_runtime::http::{Problem, Request, Response};
use leadline_runtime::ports::Ports;
use leadline_store::leads;

use crate::answer::{Given, commit, rejection};
use crate::offer_page::{self, OfferState, OfferView};
use crate::{Crm, Failure};

/// `GET` and `POST /offers/{token}`.
pub(crate) async fn handle<P: Ports>(crm: &Crm, ports: &P, request: &Request, token: &str) -> Response {
    let link = match OfferLink::open(&crm.seal, token, ports.now()) {
        Ok(link) => link,
        Err(TokenError::Expired) => return bare(410, OfferState::Expired),
        Err(TokenError::Forged) => return bare(404, OfferState::Invalid),
    };
    let answered = match request.method.as_str() {
        "GET" => look(crm, ports, &link, token).await,
        "POST" => act(crm, ports, request, &link, token).await,
        _ => return bare(405, OfferState::Invalid),
    };
    match answered {
        Ok(response) => response,
        Err(Failure::Problem(problem)) if problem.status() == 409 => bare(409, OfferState::MovedOn),
        Err(Failure::Problem(problem)) => problem.into(),
        Err(Failure::Handle(error)) => {
            tracing::error!(error = error.name(), detail = %error, "offer page failed");
            Problem::unavailable().into()
        }
    }
}

fn bare(status: u16, state: OfferState) -> Response {
    page(status, &OfferView::bare(state))
}

fn page(status: u16, view: &OfferView) -> Response {
    Response::html(status, offer_page::page(view)).with("content-security-policy", offer_page::CSP)
}

/// How the offer of this link stands on this lead.
fn state(lead: &Lead, link: &OfferLink) -> OfferState {
    let mine = lead.owner.as_ref().is_some_and(|o| o.offer == link.offer && o.rep_id == link.rep_id);
    match (mine, lead.stage) {
        (true, Stage::Offered) => OfferState::Open,
        (true, stage) if stage.is_held() => OfferState::Accepted,
        _ => OfferState::MovedOn,
    }
}

async fn look<P: Ports>(crm: &Crm, ports: &P, link: &OfferLink, token: &str) -> Result<Response, Failure> {
    let Some(lead) = leads::load(ports.table(), &link.lead_id).await? else {
        return Ok(bare(404, OfferState::Invalid));
    };
    Ok(match state(&lead, link) {
        OfferState::Open => page(200, &view(crm, ports, &lead, OfferState::Open, token).await?),
        OfferState::Accepted => page(200, &view(crm, ports, &lead, OfferState::Accepted, token).await?),
        other => bare(410, other),
    })
}

async fn view<P: Ports>(
    crm: &Crm,
    ports: &P,
    lead: &Lead,
    state: OfferState,
    token: &str,
) -> Result<OfferView, Failure> {
    let (_, playbook) = crm.shelf.active(ports.table()).await?;
    let contact = &lead.profile.contact;
    let name = [contact.first_name.as_deref(), contact.last_name.as_deref()];
    let name = name.into_iter().flatten().collect::<Vec<_>>().join(" ");
    Ok(OfferView {
        state,
        token: token.to_owned(),
        who: if name.trim().is_empty() { contact.email.as_str().to_owned() } else { name },
        company: lead.profile.company.name.clone(),
        grade: lead.score.as_ref().map(|s| s.grade.clone()),
        accept_by: lead.running_clock(ClockKind::Accept).map(|c| c.due_at),
        reasons: playbook.doc().rejections.keys().map(ToString::to_string).collect(),
    })
}

async fn act<P: Ports>(
    crm: &Crm,
    ports: &P,
    request: &Request,
    link: &OfferLink,
    token: &str,
) -> Result<Response, Failure> {
    if request.body.len() > 4_096 {
        return Err(Problem::new(413, "body-too-large", "Too large", "The form has two short fields.").into());
    }
    let inputs: Vec<(String, String)> =
        form_urlencoded::parse(&request.body).map(|(n, v)| (n.into_owned(), v.into_owned())).collect();
    let input = |name: &str| inputs.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str());
    let (_, playbook) = crm.shelf.active(ports.table()).await?;
    let rep_id = link.rep_id.clone();
    let (answer, done) = match input("action") {
        Some(offer_page::ACCEPT) => (Answer::Accept { rep_id }, OfferState::Accepted),
        Some(offer_page::REJECT) => {
            let (reason, means) = rejection(&playbook, input("reason").unwrap_or_default())?;
            (Answer::Reject { rep_id, reason, means }, OfferState::Rejected)
        }
        _ => return Err(Problem::new(422, "invalid-body", "Invalid body", "Choose accept or reject.").into()),
    };
    let lead = leads::load(ports.table(), &link.lead_id).await?;
    match lead.as_ref().map(|lead| state(lead, link)) {
        None => return Ok(bare(404, OfferState::Invalid)),
        // A second press of the button.
        Some(OfferState::Accepted) if done == OfferState::Accepted => {
            return look(crm, ports, link, token).await;
        }
        Some(OfferState::Open | OfferState::Accepted) => {}
        Some(_) => return Ok(bare(409, OfferState::MovedOn)),
    }
    let actor = Actor::Rep { rep_id: link.rep_id.clone() };
    let lead =
        commit(crm, ports, &playbook, link.lead_id.as_str(), &Given { answer, actor }, None, None).await?;
    Ok(match done {
        OfferState::Accepted => page(200, &view(crm, ports, &lead, done, token).await?),
        _ => bare(200, done),
    })
}
