//! Listing leads: by owner, by address, or by the hour of their last change; never a scan, never a silent cut.

use jiff::Timestamp;
use leadline_core::contact::EmailAddress;
use leadline_core::identity::claim_key;
use leadline_core::ids::RepId;
use leadline_core::lead::{Lead, Stage};
use leadline_edge::cursor::Place;
use leadline_runtime::http::{Problem, Request, Response};
use leadline_runtime::ports::Ports;
use leadline_store::due::SHARDS;
use leadline_store::leads::{self, by_index, held_by_query, updated_query};
use leadline_store::{AttributeValue, Cursor, Item, claims};
use serde_json::json;

use crate::{Answered, Crm, Failure, lead_json};

struct Filter {
    stage: Option<Stage>,
    owner: Option<RepId>,
    updated_after: Option<Timestamp>,
}

impl Filter {
    fn fits(&self, lead: &Lead) -> bool {
        self.stage.is_none_or(|s| s == lead.stage)
            && self.owner.as_ref().is_none_or(|rep| lead.owner.as_ref().is_some_and(|o| o.rep_id == *rep))
            && self.updated_after.is_none_or(|at| lead.updated_at > at)
    }

    /// The rep whose leads are read. What somebody has won or lost is nobody's load any more: it is found among all leads, by
    /// their last change.
    fn held_by(&self) -> Option<&RepId> {
        self.owner.as_ref().filter(|_| !matches!(self.stage, Some(Stage::Won | Stage::Lost)))
    }

    /// The list that a cursor belongs to: the rows that are read, whichever of them are shown.
    fn list(&self) -> String {
        let owner = self.held_by().map_or("", RepId::as_str);
        let after = self.updated_after.map_or(String::new(), |at| at.to_string());
        format!("owner={owner} after={after}")
    }
}

/// `GET /leads`. A page may hold fewer leads than asked for and still have a next one; only a missing `next_cursor`
/// means the end.
pub(crate) async fn leads<P: Ports>(crm: &Crm, ports: &P, request: &Request) -> Answered {
    let query = |name: &str| request.query.get(name).map(String::as_str).filter(|v| !v.is_empty());
    let wrong = |name: &str, fix: &str| {
        Problem::new(400, "malformed-query", "Malformed query", format!("`{name}`: {fix}"))
    };
    let filter = Filter {
        stage: query("stage")
            .map(|s| {
                Stage::parse(s).ok_or_else(|| wrong("stage", "use a stage such as offered or nurturing"))
            })
            .transpose()?,
        owner: query("owner")
            .map(|s| RepId::parse(s).map_err(|_| wrong("owner", "use a rep id")))
            .transpose()?,
        updated_after: query("updated_after")
            .map(|s| {
                s.parse().map_err(|_| wrong("updated_after", "use RFC 3339, such as 2026-01-31T12:00:00Z"))
            })
            .transpose()?,
    };
    let limit: u32 = query("limit")
        .map(|s| {
            s.parse().ok().filter(|n| (1..=200).contains(n)).ok_or_else(|| wrong("limit", "use 1 to 200"))
        })
        .transpose()?
        .unwrap_or(50);
    if let Some(email) = query("email") {
        let email = EmailAddress::parse(email).map_err(|_| wrong("email", "use one e-mail address"))?;
        let found = by_email(crm, ports, &email).await?;
        let leads: Vec<_> = found.iter().filter(|l| filter.fits(l)).map(lead_json::summary).collect();
        return Ok(Response::json(200, &json!({ "leads": leads, "next_cursor": null })));
    }
    let place =
        match query("cursor") {
            None => Place::FIRST,
            Some(cursor) => Place::read(&crm.seal, &filter.list(), cursor)
                .filter(|place| place.shard < SHARDS)
                .ok_or_else(|| wrong("cursor", "use the next_cursor of an earlier page of the same list"))?,
        };
    let (found, next) = page(ports, &filter, limit, place).await?;
    let leads: Vec<_> = found.iter().map(lead_json::summary).collect();
    Ok(Response::json(
        200,
        &json!({ "leads": leads, "next_cursor": next.map(|place| place.write(&crm.seal, &filter.list())) }),
    ))
}

/// Every lead that has a mailbox, the one with the claim first; then those that are quarantined or merged, behind a
/// shared address, or have it as a further one.
pub(crate) async fn by_email<P: Ports>(
    crm: &Crm,
    ports: &P,
    email: &EmailAddress,
) -> Result<Vec<Lead>, Failure> {
    let key = claim_key(&crm.seal, &email.canonical());
    let found = claims::mailbox(ports.table(), &key).await?.leads(&key);
    let mut leads = leads::load_many(ports.table(), found.iter().map(|p| &p.lead_id)).await?;
    leads.retain(|lead| lead.stage != Stage::Erased);
    Ok(leads)
}

/// Reads index pages until there is something to show, the end, or enough read for one request.
async fn page<P: Ports>(
    ports: &P,
    filter: &Filter,
    limit: u32,
    mut place: Place,
) -> Result<(Vec<Lead>, Option<Place>), Failure> {
    let mut found = Vec::new();
    for _ in 0..20 {
        let start = place.key.take().map(to_cursor);
        let room = limit - u32::try_from(found.len()).unwrap_or(limit);
        let query = match filter.held_by() {
            Some(rep) => held_by_query(rep, room, start),
            None => updated_query(place.shard, filter.updated_after, room, start),
        };
        let page = by_index(ports.table(), query).await?;
        found.extend(page.leads.into_iter().filter(|l| filter.fits(l)));
        let last_shard = filter.held_by().is_some() || place.shard + 1 >= SHARDS;
        place = match page.next {
            Some(cursor) => Place { shard: place.shard, key: Some(from_cursor(&cursor)) },
            None if last_shard => return Ok((found, None)),
            None => Place { shard: place.shard + 1, key: None },
        };
        if found.len() >= limit as usize {
            break;
        }
    }
    Ok((found, Some(place)))
}

pub(crate) fn to_cursor(key: std::collections::BTreeMap<String, String>) -> Cursor {
    Cursor(key.into_iter().map(|(name, value)| (name, AttributeValue::S(value))).collect::<Item>())
}

pub(crate) fn from_cursor(cursor: &Cursor) -> std::collections::BTreeMap<String, String> {
    let text = |(name, value): (&String, &AttributeValue)| match value {
        AttributeValue::S(text) => Some((name.clone(), text.clone())),
        _ => None,
    };
    cursor.0.iter().filter_map(text).collect()
}
