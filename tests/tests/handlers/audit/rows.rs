//! Rows written past the handlers, straight into the table.

use leadline_core::ids::{LeadId, PoolId, SubmissionId};
use leadline_core::lead::{Effect, EffectKind, Event, Lead, Stage, Watchdog};
use leadline_core::routing::{PoolState, RepState};
use leadline_store::leads::lead_item;
use leadline_store::rows::{from_item, to_item};
use leadline_store::{AttributeValue, Item, Key, Write, people};
use leadline_tests::calm::{Calm, text};

use super::super::scene::{secs, wants_demo};

pub(super) fn lead_at(calm: &Calm, stage: Stage) -> Lead {
    calm.leads().into_iter().find(|l| l.stage == stage).unwrap()
}

/// Somebody in nurturing whom no other lead has anything to do with.
pub(super) fn sleeper(calm: &Calm) -> Lead {
    let is_it = |l: &Lead| l.profile.contact.email.as_str() == "nurturing@firm.example";
    calm.leads().into_iter().find(is_it).unwrap()
}

pub(super) fn put(calm: &Calm, item: Item) {
    calm.twin().write_now(Write::Put { item, only_if: None }).unwrap();
}

pub(super) fn remove(calm: &Calm, pk: &str, sk: &str) {
    let key = Key::new(pk, sk);
    assert!(calm.twin().peek(&key).is_some(), "{key:?}");
    calm.twin().write_now(Write::Delete { key, only_if: None }).unwrap();
}

pub(super) fn partition(lead: &Lead) -> String {
    format!("LEAD#{}", lead.lead_id)
}

/// Writes a lead's row anew, index keys and all.
pub(super) fn rewrite(calm: &Calm, mut lead: Lead, change: impl FnOnce(&mut Lead)) -> String {
    change(&mut lead);
    put(calm, lead_item(&lead).unwrap());
    lead.lead_id.to_string()
}

/// Writes one of a lead's past events anew: the first that fits.
pub(super) fn rewrite_event(
    calm: &Calm,
    lead: &Lead,
    fits: impl Fn(&Event) -> bool,
    change: impl FnOnce(&mut Event),
) {
    let events = calm
        .rows()
        .into_iter()
        .filter(|i| text(i, "pk") == partition(lead) && text(i, "sk").starts_with("T#"));
    let mut event = events.map(|i| from_item::<Event>(i).unwrap()).find(|e| fits(e)).unwrap();
    change(&mut event);
    let key = Key::new(partition(lead), format!("T#{:010}", event.seq));
    put(calm, to_item(key, &event).unwrap());
}

/// The keys of the rows of a lead that begin with a prefix.
pub(super) fn beside(calm: &Calm, lead: &Lead, prefix: &str) -> Vec<Item> {
    let rows = calm.rows().into_iter();
    rows.filter(|i| text(i, "pk") == partition(lead) && text(i, "sk").starts_with(prefix)).collect()
}

pub(super) fn submission_of(calm: &Calm, lead: &Lead) -> (Item, String) {
    let item = beside(calm, lead, "SUB#").remove(0);
    let submission_id = text(&item, "submission_id").to_owned();
    (item, submission_id)
}

pub(super) fn set(item: &mut Item, name: &str, value: &str) {
    item.insert(name.to_owned(), AttributeValue::S(value.to_owned()));
}

/// The claim that names a lead.
pub(super) fn claim_of(calm: &Calm, lead: &Lead) -> Item {
    let is_it = |i: &Item| text(i, "sk") == "ID" && text(i, "lead_id") == lead.lead_id.as_str();
    calm.rows().into_iter().find(is_it).unwrap()
}

pub(super) fn rep_row(calm: &Calm, lead: &Lead) -> RepState {
    let key = Key::new(format!("REP#{}", lead.held_by().unwrap()), "REP");
    from_item(calm.twin().peek(&key).unwrap()).unwrap()
}

pub(super) fn put_rep(calm: &Calm, state: &RepState) {
    let Write::Put { item, .. } = people::rep_put(state).unwrap() else { unreachable!("a put") };
    put(calm, item);
}

pub(super) fn first_pool() -> PoolId {
    PoolId::parse("first").unwrap()
}

pub(super) fn put_pool(calm: &Calm, state: &PoolState) -> String {
    let pool_id = first_pool();
    let Write::Put { item, .. } = people::pool_put(&pool_id, state, 90).unwrap() else {
        unreachable!("a put")
    };
    put(calm, item);
    pool_id.to_string()
}

pub(super) fn pool_row(calm: &Calm) -> PoolState {
    from_item(calm.twin().peek(&Key::new("POOL#first", "POOL")).unwrap()).unwrap()
}

pub(super) fn nobody() -> LeadId {
    LeadId::from_bits([0xee; 16])
}

/// A watchdog that has time: what it watches is the only thing that is wrong.
pub(super) fn watchdog(calm: &Calm) -> Option<Watchdog> {
    Some(Watchdog { at: calm.now() + secs(30), redrives: 0 })
}

/// The acknowledgement of a lead's first submission, owed.
pub(super) fn acknowledgement(calm: &Calm, lead: &Lead) -> Effect {
    let submission_id = SubmissionId::parse(&submission_of(calm, lead).1).unwrap();
    Effect::new(&lead.lead_id, lead.cycle, EffectKind::Acknowledge { submission_id })
}

pub(super) fn on_its_way(calm: &Calm) -> Lead {
    calm.lose_messages(true);
    calm.submitted("demo", &wants_demo("late@firm.example"));
    lead_at(calm, Stage::Received)
}

/// The lead that one rep rejected and another has.
pub(super) fn moved(calm: &Calm) -> Lead {
    calm.leads().into_iter().find(|l| l.offers == 2).unwrap()
}

pub(super) fn rewrite_all_events(calm: &Calm, lead: &Lead, change: impl Fn(&mut Event)) {
    for item in beside(calm, lead, "T#") {
        let mut event: Event = from_item(item).unwrap();
        change(&mut event);
        let key = Key::new(partition(lead), format!("T#{:010}", event.seq));
        put(calm, to_item(key, &event).unwrap());
    }
}
