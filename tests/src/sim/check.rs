//! The last look: what clients know against what is in the table when everything has come to rest. In Jepsen's words a
//! submission is lost (acknowledged, and nowhere), unexpected (never sent), duplicated (twice where once belongs) or
//! recovered (not acknowledged, and there all the same, which is allowed).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;
use leadline_core::contact::EmailAddress;
use leadline_core::ids::LeadId;
use leadline_core::lead::{Event, EventKind, Lead, Stage};
use leadline_store::rows::from_item;
use leadline_store::{AttributeValue, Item, Key};

use super::actors::{Given, Planned};
use super::routes;
use super::transitions::seqs;
use super::witness::{Witness, short, text};
use super::world::World;

/// Something that must never be.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Harm {
    /// An acknowledged submission is nowhere.
    Lost(String),
    /// A submission that nobody sent, or data that belongs to nothing.
    Unexpected(String),
    /// One address, two leads; one key, two submissions.
    Duplicated(String),
    /// Two assignments where one belongs, or a load that does not match.
    DoubleRouted(String),
    /// One cause, two effects.
    DuplicateEffects(String),
    /// An effect that was owed and never came.
    MissingEffects(String),
    /// A lead that does not come to rest.
    Stuck(String),
    /// A pool that does not give everybody a share.
    Drift(String),
    /// A deadline step that came late, or a deadline that is not the rules'.
    Late(String),
    /// An illegal step, a hole in a timeline, nobody accountable.
    Illegal(String),
    /// What was erased is back.
    Resurrected(String),
    /// A handler panicked.
    Panicked(String),
}

impl Harm {
    /// The names of all classes, as the report counts them.
    pub const CLASSES: [&'static str; 12] = [
        "lost",
        "unexpected",
        "duplicated",
        "double_routed",
        "duplicate_effects",
        "missing_effects",
        "stuck",
        "drift_violations",
        "late_steps",
        "illegal_steps",
        "resurrected",
        "panics",
    ];

    /// Its class.
    pub fn class(&self) -> &'static str {
        Self::CLASSES[match self {
            Harm::Lost(_) => 0,
            Harm::Unexpected(_) => 1,
            Harm::Duplicated(_) => 2,
            Harm::DoubleRouted(_) => 3,
            Harm::DuplicateEffects(_) => 4,
            Harm::MissingEffects(_) => 5,
            Harm::Stuck(_) => 6,
            Harm::Drift(_) => 7,
            Harm::Late(_) => 8,
            Harm::Illegal(_) => 9,
            Harm::Resurrected(_) => 10,
            Harm::Panicked(_) => 11,
        }]
    }
}

/// Whether nothing more is owed and nothing overdue.
pub(crate) fn is_at_rest(lead: &Lead, now: Timestamp) -> bool {
    let timers = lead.clocks.iter().filter_map(|c| c.next_at);
    let others = [
        lead.watchdog.as_ref().map(|w| w.at),
        lead.lookup.as_ref().map(|l| l.at),
        lead.wake_at,
        lead.forget_at,
        lead.paused.as_ref().map(|p| p.until),
    ];
    let owes = !lead.effects.is_empty() || lead.published < lead.to_publish || lead.score_due;
    !lead.in_pipeline() && !owes && timers.chain(others.into_iter().flatten()).all(|at| at > now)
}

/// What is in the table, decoded by the checker itself.
pub(super) struct Table {
    pub(super) leads: BTreeMap<LeadId, Lead>,
    pub(super) items: BTreeMap<Key, Item>,
    kept: BTreeMap<String, Vec<LeadId>>,
    pub(super) timelines: BTreeMap<LeadId, Vec<Event>>,
}

impl Table {
    fn read(world: &World) -> Self {
        let mut table = Self {
            leads: BTreeMap::new(),
            items: BTreeMap::new(),
            kept: BTreeMap::new(),
            timelines: BTreeMap::new(),
        };
        for item in world.twin.snapshot() {
            let Some(key) = Key::of(&item) else { continue };
            let of = key.pk.strip_prefix("LEAD#").and_then(|id| LeadId::parse(id).ok());
            match (of, key.sk.as_str()) {
                (Some(lead_id), "LEAD") => {
                    if let Ok(lead) = from_item::<Lead>(item.clone()) {
                        table.leads.insert(lead_id, lead);
                    }
                }
                (Some(lead_id), sk) if sk.starts_with("SUB#") => {
                    table.kept.entry(sk[4..].to_owned()).or_default().push(lead_id);
                }
                (Some(lead_id), sk) if sk.starts_with("T#") => {
                    if let Ok(event) = from_item::<Event>(item.clone()) {
                        table.timelines.entry(lead_id).or_default().push(event);
                    }
                }
                _ => {}
            }
            table.items.insert(key, item);
        }
        for (lead_id, lead) in &table.leads {
            let timeline = table.timelines.entry(lead_id.clone()).or_default();
            timeline.retain(|e| e.seq < lead.version);
            timeline.push(lead.last_event.clone());
            timeline.sort_by_key(|e| e.seq);
        }
        table
    }
}

/// What is wrong in the end, together with what the witness saw; and how many submissions were recovered.
pub(crate) fn check(world: &World, planned: &[Planned], given: &[Given]) -> (Vec<Harm>, usize) {
    let table = Table::read(world);
    let now = world.local_now();
    let mut harm = BTreeSet::new();
    let recovered = submissions(&table, planned, &mut harm);
    addresses(&table, planned, &mut harm);
    answers(&table, given, &mut harm);
    deliveries(&table, now, &mut harm);
    erased(&table, &mut harm);
    let inner = world.lock();
    for (lead_id, lead) in &table.leads {
        let name = short(lead_id);
        if !is_at_rest(lead, now) {
            harm.insert(Harm::Stuck(format!(
                "{name} {} at version {} since {}: effects {}, published {} of {}, due {:?}",
                lead.stage.name(),
                lead.version,
                lead.updated_at,
                lead.effects.len(),
                lead.published,
                lead.to_publish,
                lead.due_at(),
            )));
        }
        timeline(&table, &inner.witness, lead, &mut harm);
        for event in table.timelines.get(lead_id).into_iter().flatten() {
            let id = format!("{lead_id}.{}", event.seq);
            if event.kind.domain_name().is_some() && !inner.receivers.events.contains_key(&id) {
                harm.insert(Harm::MissingEffects(format!(
                    "{name} event {} never reached the bus",
                    event.seq
                )));
            }
        }
    }
    told(&inner.witness, &inner.receivers, &mut harm);
    routes::check(&table, now, &mut harm);
    harm.extend(inner.witness.harm.iter().cloned());
    harm.extend(inner.receivers.harm.iter().cloned());
    harm.extend(inner.witness.lateness.overdue(inner.now_ms));
    harm.extend(inner.witness.presence.overdue(&inner.witness.lateness, inner.now_ms));
    (harm.into_iter().collect(), recovered)
}

/// Every acknowledged submission is with exactly one lead, and nothing is there that nobody sent.
fn submissions(table: &Table, planned: &[Planned], harm: &mut BTreeSet<Harm>) -> usize {
    let mut acknowledged = BTreeSet::new();
    for plan in planned {
        // Sent again after an erasure, it is another submission.
        let ids: Vec<&String> = plan.acked.iter().filter(|id| !is_blocked(table, id)).collect();
        if ids.len() > 1 {
            harm.insert(Harm::Duplicated(format!("one submission has {} ids", ids.len())));
        }
        let Some(id) = ids.first().copied() else { continue };
        acknowledged.insert(id.clone());
        match table.kept.get(id).map(Vec::as_slice) {
            None | Some([]) => {
                harm.insert(Harm::Lost(format!("{id} is acknowledged but not kept")));
            }
            Some([lead_id]) => match table.leads.get(lead_id) {
                None => {
                    harm.insert(Harm::Lost(format!("{id} is kept beside a lead that is not there")));
                }
                Some(lead) if lead.in_pipeline() => {
                    harm.insert(Harm::Lost(format!("{id} is still on its way")));
                }
                Some(_) => {}
            },
            Some(_) => {
                harm.insert(Harm::Duplicated(format!("{id} is kept with several leads")));
            }
        }
        let receipt = table.items.get(&Key::new(format!("SUB#{id}"), "SUB"));
        let points = receipt.map(|r| text(r, "lead_id").to_owned());
        let there = table.kept.get(id).and_then(|at| at.first()).map(LeadId::to_string);
        if points != there {
            harm.insert(Harm::Lost(format!("the receipt of {id} does not lead to it")));
        }
    }
    for (id, at) in &table.kept {
        if !at.iter().all(|lead| table.leads.contains_key(lead)) {
            harm.insert(Harm::Unexpected(format!("{id} belongs to no lead")));
        }
    }
    let sent = planned.iter().filter(|p| p.sent > 0).count();
    // Without a key, a retry after ten minutes would be another submission; nobody here waits that long.
    if table.kept.len() > sent {
        harm.insert(Harm::Duplicated(format!("{} submissions kept of {sent} sent", table.kept.len())));
    }
    for lead in table.leads.values() {
        let first = table.timelines.get(&lead.lead_id).and_then(|t| t.first());
        if !first
            .is_some_and(|e| matches!(e.kind, EventKind::Captured { .. } | EventKind::Quarantined { .. }))
        {
            harm.insert(Harm::Unexpected(format!("{} did not begin with a form", short(&lead.lead_id))));
        }
    }
    table.kept.keys().filter(|id| !acknowledged.contains(*id)).count()
}

/// Whether an erasure has left nothing of a submission but its blocked id.
fn is_blocked(table: &Table, id: &str) -> bool {
    table.items.get(&Key::new(format!("SUB#{id}"), "SUB")).is_some_and(|r| r.contains_key("erased_ms"))
}

/// Nothing stands beside a lead that is erased but what happened to it, and no erasure is left undone.
fn erased(table: &Table, harm: &mut BTreeSet<Harm>) {
    for (key, item) in &table.items {
        let of = key.pk.strip_prefix("LEAD#").and_then(|id| LeadId::parse(id).ok());
        let is_erased = of.and_then(|id| table.leads.get(&id)).is_some_and(|l| l.stage == Stage::Erased);
        if is_erased && key.sk != "LEAD" && !key.sk.starts_with("T#") {
            harm.insert(Harm::Resurrected(format!("{} is erased and {} is left", key.pk, key.sk)));
        }
        if key.sk == "ERASE" && item.contains_key("due_key") {
            harm.insert(Harm::Stuck(format!("{} is not done", key.pk)));
        }
    }
}

/// Whoever has one mailbox is one lead, quarantine aside, and the address is claimed for it.
fn addresses(table: &Table, planned: &[Planned], harm: &mut BTreeSet<Harm>) {
    let mut holders: BTreeMap<String, Vec<&LeadId>> = BTreeMap::new();
    let gone = [Stage::Quarantined, Stage::Merged, Stage::Erased];
    for lead in table.leads.values().filter(|l| !gone.contains(&l.stage)) {
        let email = lead.profile.contact.email.canonical().as_str().to_owned();
        holders.entry(email).or_default().push(&lead.lead_id);
    }
    for leads in holders.values().filter(|leads| leads.len() > 1) {
        harm.insert(Harm::Duplicated(format!("{} leads for one mailbox", leads.len())));
    }
    let stands = |plan: &&Planned| !plan.is_spam && plan.acked.iter().any(|id| !is_blocked(table, id));
    for plan in planned.iter().filter(stands) {
        let canonical = EmailAddress::parse(&plan.email).map(|e| e.canonical().as_str().to_owned());
        if !canonical.is_ok_and(|c| holders.contains_key(&c)) {
            harm.insert(Harm::Lost("an acknowledged address has no lead".to_owned()));
        }
    }
    let claimed: BTreeSet<&str> = table
        .items
        .iter()
        .filter(|(key, _)| key.pk.starts_with("ID#EMAIL#") && key.sk == "ID")
        .map(|(_, item)| text(item, "lead_id"))
        .collect();
    for lead_id in holders.values().flatten() {
        if !claimed.contains(lead_id.as_str()) {
            harm.insert(Harm::Unexpected(format!("{} has an address that is not claimed", short(lead_id))));
        }
    }
    for lead_id in claimed.iter().filter(|id| !id.is_empty()) {
        if !LeadId::parse(lead_id).is_ok_and(|id| table.leads.contains_key(&id)) {
            harm.insert(Harm::Unexpected(format!("an address is claimed for {lead_id}, which is not there")));
        }
    }
}

/// What sales was told is done stands in the timeline once; what was left unclear at most once.
fn answers(table: &Table, given: &[Given], harm: &mut BTreeSet<Harm>) {
    let mut counted: BTreeMap<(&str, &[&str]), (usize, usize)> = BTreeMap::new();
    for one in given {
        if one.makes.is_empty() && one.acknowledged {
            harm.insert(Harm::DoubleRouted("something was done that has to be refused".to_owned()));
        }
        let count = counted.entry((&one.lead_id, one.makes)).or_default();
        count.0 += usize::from(one.acknowledged);
        count.1 += usize::from(one.acknowledged || one.unclear);
    }
    for ((lead_id, makes), (at_least, at_most)) in counted {
        let timeline = LeadId::parse(lead_id).ok().and_then(|id| table.timelines.get(&id));
        let made = |e: &&Event| {
            let by_person = !matches!(e.actor, leadline_core::lead::Actor::System { .. });
            makes.contains(&e.kind.name()) && by_person
        };
        let found = timeline.map_or(0, |t| t.iter().filter(made).count());
        // Asked to erase once more, one gets the receipt once more.
        let at_least = if makes == ["erased"] { at_least.min(1) } else { at_least };
        if found < at_least {
            harm.insert(Harm::Lost(format!(
                "{at_least} times {makes:?} acknowledged, {found} in the timeline"
            )));
        }
        if found > at_most {
            harm.insert(Harm::Duplicated(format!(
                "{at_most} times {makes:?} asked for, {found} in the timeline"
            )));
        }
    }
}

/// Retries of their own go on, too, and so does what is to be done for a rep.
fn deliveries(table: &Table, now: Timestamp, harm: &mut BTreeSet<Harm>) {
    for (key, item) in table.items.iter().filter(|(key, _)| matches!(key.sk.as_str(), "DLV" | "REP")) {
        let Some(AttributeValue::S(due)) = item.get("due_key") else {
            if text(item, "state") == "pending" {
                harm.insert(Harm::Stuck(format!("{} is pending and not in the due index", key.pk)));
            }
            continue;
        };
        let due = due.parse::<i64>().unwrap_or(0);
        if due + 150_000 < now.as_millisecond() {
            harm.insert(Harm::Stuck(format!("{} should have been tried again", key.pk)));
        }
    }
}

/// The timeline in the table is what happened, without a hole.
fn timeline(table: &Table, witness: &Witness, lead: &Lead, harm: &mut BTreeSet<Harm>) {
    let name = short(&lead.lead_id);
    let stored: Vec<u64> = table.timelines.get(&lead.lead_id).into_iter().flatten().map(|e| e.seq).collect();
    if !stored.iter().copied().eq(1..=lead.version) {
        harm.insert(Harm::Illegal(format!("{name} has holes: {stored:?} of {}", lead.version)));
    }
    if seqs(&witness.events, &lead.lead_id) != stored {
        harm.insert(Harm::Illegal(format!("{name} tells another story than what happened")));
    }
    if witness.leads.get(&lead.lead_id).map(Arc::as_ref) != Some(lead) {
        harm.insert(Harm::Illegal(format!("{name} is not as it was written last")));
    }
}

/// Whatever receivers have was owed once, under that id.
fn told(witness: &Witness, receivers: &super::receivers::Receivers, harm: &mut BTreeSet<Harm>) {
    let mails: BTreeSet<String> =
        witness.owed.values().map(|(_, effect)| effect.delivery_id("mail").to_string()).collect();
    for id in receivers.mails.keys().filter(|id| !mails.contains(*id)) {
        harm.insert(Harm::DuplicateEffects(format!("mail {id} is nothing that was ever owed")));
    }
    for id in receivers.webhooks.keys().filter(|id| !witness.owed.contains_key(*id)) {
        harm.insert(Harm::DuplicateEffects(format!("webhook {id} is nothing that was ever owed")));
    }
    for (id, event) in &receivers.events {
        let place =
            id.rsplit_once('.').and_then(|(lead, seq)| Some((LeadId::parse(lead).ok()?, seq.parse().ok()?)));
        let happened = place.and_then(|place: (LeadId, u64)| witness.events.get(&place));
        if happened.and_then(|e| e.kind.domain_name()) != Some(event.kind.as_str()) {
            harm.insert(Harm::DuplicateEffects(format!("event {id} is on the bus and never happened")));
        }
    }
}
