//! An offer of a rep who is gone moves on at once: as soon as something healthy could have seen to it.

use std::collections::BTreeMap;

use leadline_core::ids::{LeadId, RepId};
use leadline_core::lead::{Lead, Stage};
use leadline_core::routing::RepState;
use leadline_store::rows::from_item;
use leadline_store::{Item, Write};

use super::check::Harm;
use super::lateness::Lateness;
use super::witness::{short, text};

/// A healthy function may take so long, the moment included by which an index is behind.
const GRACE_MS: i64 = 8_000;

/// Who is there, and whose offers are open.
#[derive(Default)]
pub(crate) struct Presence {
    reps: BTreeMap<RepId, (i64, RepState)>,
    open: BTreeMap<LeadId, Offer>,
}

struct Offer {
    rep_id: RepId,
    offer: u32,
    since: i64,
    /// When it was made, by the clock of whoever made it.
    offered_ms: i64,
    /// From when the rep has been gone while this was open, and when that was written.
    gone: Option<(i64, i64)>,
}

/// From when the rep has been gone at `now`, as the row says.
fn gone_since(row: &RepState, written: i64, now_ms: i64) -> Option<i64> {
    if row.away || row.active == Some(false) {
        return Some(written);
    }
    let first = row.absent_from.zip(row.absent_until).into_iter();
    let spans = first.chain(row.absences.iter().map(|a| (a.from, a.until)));
    let spans = spans.map(|(from, until)| (from.as_millisecond(), until.as_millisecond()));
    spans.filter(|(from, until)| *from <= now_ms && now_ms < *until).map(|(from, _)| from.max(written)).min()
}

impl Presence {
    /// A rep's row was written.
    pub(crate) fn rep(&mut self, item: &Item, now_ms: i64) {
        let Ok(state) = from_item::<RepState>(item.clone()) else { return };
        // A turn taken or given back says nothing new about where the rep is.
        let same = self.reps.get(&state.rep_id).filter(|(_, before)| {
            before.away == state.away
                && before.active == state.active
                && before.absent_from == state.absent_from
                && before.absent_until == state.absent_until
                && before.absences == state.absences
        });
        let written = same.map_or(now_ms, |(written, _)| *written);
        self.reps.insert(state.rep_id.clone(), (written, state));
    }

    /// Time has passed and something was written.
    pub(crate) fn look(&mut self, now_ms: i64) {
        for offer in self.open.values_mut() {
            let Some((written, row)) = self.reps.get(&offer.rep_id) else { continue };
            // Whoever's clock was ahead knew of the absences at the time that it had.
            if now_ms < offer.offered_ms {
                continue;
            }
            let now = gone_since(row, *written, now_ms).map(|from| {
                // An absence that begins under the offer was armed when it was announced, or has to wait for a sweep; one
                // that the offer walked into is seen to by whoever looks at the offer.
                let known = if from >= offer.since { *written } else { (*written).max(offer.since) };
                (from.max(offer.since).max(offer.offered_ms), known)
            });
            offer.gone = now.map(|now| offer.gone.map_or(now, |before| before.min(now)));
        }
    }

    /// A lead has changed.
    pub(crate) fn moved(&mut self, after: &Lead, lateness: &Lateness, now_ms: i64) -> Option<Harm> {
        let owner = after.owner.as_ref().filter(|_| after.stage == Stage::Offered);
        let stays = |offer: &Offer| owner.is_some_and(|o| o.rep_id == offer.rep_id && o.offer == offer.offer);
        if self.open.get(&after.lead_id).is_some_and(stays) {
            return None;
        }
        let late = self.open.remove(&after.lead_id).and_then(|o| judge(&after.lead_id, &o, lateness, now_ms));
        if let Some(owner) = owner {
            let offered_ms = owner.offered_at.as_millisecond();
            let offer = Offer {
                rep_id: owner.rep_id.clone(),
                offer: owner.offer,
                since: now_ms,
                offered_ms,
                gone: None,
            };
            self.open.insert(after.lead_id.clone(), offer);
        }
        late
    }

    /// What still stays with somebody who is gone.
    pub(crate) fn overdue(&self, lateness: &Lateness, now_ms: i64) -> Vec<Harm> {
        self.open.iter().filter_map(|(lead_id, offer)| judge(lead_id, offer, lateness, now_ms)).collect()
    }
}

/// A rep's row in the history.
pub(crate) fn line(write: &Write) -> Option<String> {
    let Write::Put { item, .. } = write else { return None };
    let row = from_item::<RepState>(item.clone()).ok().filter(|_| text(item, "sk") == "REP")?;
    let due = row.next_at.map_or_else(String::new, |at| format!(", due {at}"));
    Some(format!(
        "  {} v{} has {} leads, {} unanswered{due}",
        row.rep_id, row.version, row.open, row.unaccepted
    ))
}

fn judge(lead_id: &LeadId, offer: &Offer, lateness: &Lateness, now_ms: i64) -> Option<Harm> {
    let (gone, known) = offer.gone?;
    let at = lateness.opportunity(gone, known)?;
    (now_ms > at + GRACE_MS).then(|| {
        let name = short(lead_id);
        Harm::Late(format!("{name} stayed with {}, who is gone, for {} ms", offer.rep_id, now_ms - at))
    })
}
