//! The way from a form to a rep: what our functions do to a lead.

use jiff::SignedDuration;

use super::{
    Effect, EffectKind, Event, EventKind, IllegalMove, Lead, Lookup, Move, ParkReason, Profile, Stage, Step,
    Watchdog,
};
use crate::enrichment::Findings;
use crate::ids::{CompanyKey, LeadId, PlaybookVersion};
use crate::plant::Plant;
use crate::qualification::{Standing, Verdict};
use crate::recycling::{Next, Return};
use crate::scoring::{ScoreCard, ScoreSummary};
use crate::submission::{Submission, VerdictKind};

/// What makes a new lead.
#[derive(Debug, Clone)]
pub struct Capture<'a> {
    /// Its random id.
    pub lead_id: LeadId,
    /// The first submission.
    pub submission: &'a Submission,
    /// What was typed.
    pub profile: Profile,
    /// The playbook in force.
    pub playbook: PlaybookVersion,
    /// Whether the form's prospects get an acknowledgement.
    pub acknowledge: Option<EffectKind>,
}

impl Lead {
    /// A lead from its first submission: on its way, or in quarantine without any claim.
    pub fn capture(capture: Capture<'_>, step: &Step) -> Lead {
        let submission = capture.submission;
        let submission_id = submission.submission_id.clone();
        let (stage, kind) = if submission.verdict.verdict == VerdictKind::Spam {
            let reasons = submission.verdict.signals.iter().map(|s| s.name().to_owned()).collect();
            (Stage::Quarantined, EventKind::Quarantined { submission_id, reasons })
        } else {
            (Stage::Received, EventKind::Captured { submission_id })
        };
        let reason = match &kind {
            EventKind::Quarantined { reasons, .. } => Some(reasons.join(", ")),
            _ => None,
        };
        let effects = capture.acknowledge.filter(|_| stage == Stage::Received);
        Lead {
            effects: effects.map(|kind| Effect::new(&capture.lead_id, 1, kind)).into_iter().collect(),
            lead_id: capture.lead_id,
            version: 1,
            stage,
            cycle: 1,
            unasked: 0,
            form: submission.form.clone(),
            created_at: submission.received_at,
            received_at: submission.received_at,
            updated_at: step.at,
            profile: capture.profile,
            visitor: submission.visitor.clone(),
            company_key: None,
            playbook: capture.playbook,
            score: None,
            qualified_at: None,
            owner: None,
            last_owner: None,
            offers: 0,
            tried: Vec::new(),
            withdrawn: Vec::new(),
            parked: None,
            reason,
            merged_into: None,
            clocks: Vec::new(),
            paused: None,
            published: 0,
            to_publish: 1,
            watchdog: Some(Watchdog::start(step.at)),
            score_due: false,
            lookup: None,
            wake_at: None,
            given_back_at: None,
            forget_at: None,
            erasure: None,
            touches: 1,
            burst_from: submission.received_at,
            burst: 1,
            last_event: Event {
                seq: 1,
                at: step.at,
                actor: step.actor.clone(),
                attempt: step.attempt.clone(),
                stage,
                kind,
            },
        }
    }

    /// Facts were added on the way; on to the score. `lookup` is a provider's answer that is still awaited.
    pub fn enriched(
        &self,
        profile: Profile,
        found: Findings,
        lookup: Option<Lookup>,
        step: &Step,
    ) -> Result<Lead, IllegalMove> {
        self.advance(step, Move::Enrich, Stage::Enriched, found.into(), |next| {
            next.profile = profile;
            next.lookup = lookup;
        })
    }

    /// A provider's answer came late, or none came: the lead went on meanwhile and is scored again.
    pub fn facts_added(
        &self,
        profile: Profile,
        found: Findings,
        lookup: Option<Lookup>,
        step: &Step,
    ) -> Result<Lead, IllegalMove> {
        let news = !found.fields.is_empty();
        self.advance(step, Move::AddFacts, self.stage, found.into(), |next| {
            next.profile = profile;
            next.lookup = lookup;
            next.score_due |= news && !matches!(self.stage, Stage::Received | Stage::Enriched);
        })
    }

    /// A score and what follows from it. A lead that sales has, or that is closed, only learns its new score.
    pub fn scored(&self, card: &ScoreCard, verdict: &Verdict, step: &Step) -> Result<Lead, IllegalMove> {
        let (fit, interest, grade) = (card.fit, card.interest, card.grade.clone());
        let playbook = card.playbook_version;
        // What a person disqualified stays so; what a veto disqualified may come back when the facts change.
        let open = matches!(self.stage, Stage::Enriched | Stage::Nurturing)
            || (self.stage == Stage::Disqualified && self.reason_is_veto());
        // Qualified and waiting for capacity: it falls back under the lower mark, and is not taken from anybody.
        let waits = self.stage == Stage::Parked
            && self.parked.as_ref().is_some_and(|p| p.reason == ParkReason::NobodyEligible);
        let (made, to, kind) = match verdict {
            Verdict::Qualified if open => {
                (Move::Promote, Stage::Scored, EventKind::Scored { fit, interest, grade, playbook })
            }
            Verdict::Nurturing if waits || (open && self.stage != Stage::Nurturing) => {
                (Move::Nurture, Stage::Nurturing, EventKind::Nurtured { fit, interest, grade, playbook })
            }
            Verdict::Disqualified(reason) if waits || (open && self.stage != Stage::Disqualified) => {
                (Move::Disqualify, Stage::Disqualified, EventKind::Disqualified { reason: reason.clone() })
            }
            _ => (Move::Rescore, self.stage, EventKind::Rescored { fit, interest, grade, playbook }),
        };
        self.advance(step, made, to, kind, |next| {
            next.score = Some(ScoreSummary {
                fit: card.fit,
                interest: card.interest,
                grade: card.grade.clone(),
                playbook_version: card.playbook_version,
                record: step.attempt.clone(),
            });
            next.playbook = card.playbook_version;
            next.score_due = false;
            if waits && to != Stage::Parked {
                next.let_go();
            }
            match (to, verdict) {
                (Stage::Scored, _) => {
                    next.reason = None;
                    next.wake_at = None;
                    if self.stage != Stage::Enriched {
                        // From marketing: the buyer's wait for sales begins now, not with the first visit long ago.
                        next.received_at = step.at;
                    }
                    next.qualified_at = next.qualified_at.or(Some(step.at));
                }
                (Stage::Disqualified, Verdict::Disqualified(reason)) => {
                    next.wake_at = None;
                    next.reason = Some(veto_reason(reason));
                }
                (Stage::Nurturing, _) => {
                    next.wake_at = Some(step.at + REVIEW_AFTER);
                    // Under the lower mark the upper one counts anew.
                    next.qualified_at = None;
                    // Why sales gave it back stays to be read; a veto that no longer holds does not.
                    next.reason = next.reason.take().filter(|_| self.stage == Stage::Nurturing);
                }
                _ => {}
            }
        })
    }

    fn reason_is_veto(&self) -> bool {
        self.reason.as_deref().is_some_and(|r| r.starts_with(VETO))
    }

    /// With what stands for its company, which only whoever keeps the master secret can tell.
    pub fn of_company(self, company_key: Option<CompanyKey>) -> Lead {
        Lead { company_key, ..self }
    }

    /// Wake-ups were sent again.
    pub fn redriven(&self, step: &Step) -> Result<Lead, IllegalMove> {
        let watchdog = self.watchdog.clone().unwrap_or_else(|| Watchdog::start(step.at)).next(step.at);
        let kind = EventKind::Redriven { redrives: watchdog.redrives };
        self.advance(step, Move::Redrive, self.stage, kind, |next| next.watchdog = Some(watchdog))
    }

    /// Notifications were delivered or handed to their own retries, and events up to `published` are on the bus.
    /// [`Lead::published_up_to`] when there were events only.
    pub fn notified(&self, effects: &[String], published: u64, step: &Step) -> Result<Lead, IllegalMove> {
        let kind = EventKind::Notified { effects: effects.to_vec() };
        self.advance(step, Move::Confirm, self.stage, kind, |next| {
            next.effects.retain(|e| !effects.contains(&e.id));
            next.published = next.published.max(published);
        })
    }

    /// Events up to `published` are on the bus, and nobody else had to be told. Nothing has happened to the lead by this: it
    /// is no transition, and the timeline does not tell it.
    pub fn published_up_to(&self, published: u64) -> Lead {
        let mut next = Lead { published: self.published.max(published), ..self.clone() };
        if next.wake_ups().is_empty() {
            next.watchdog = None;
        }
        next
    }

    /// Whether it is over the mark already: for a lead that sales has given back the upper mark counts anew.
    pub fn standing(&self) -> Standing {
        match self.qualified_at {
            Some(_) if self.stage != Stage::Recycled => Standing::Qualified,
            _ => Standing::NotYet,
        }
    }

    /// A recycled lead is back, wherever the rules have it go.
    pub fn back(&self, to: &Next, step: &Step) -> Result<Lead, IllegalMove> {
        match to {
            Next::Cycle(back) => self.woken(back, step),
            Next::Review => self.sent_for_review(step),
        }
    }

    /// A lead that sales gave back is back, asleep or in marketing's review: the next cycle begins with fresh facts and a
    /// fresh score.
    pub fn woken(&self, back: &Return, step: &Step) -> Result<Lead, IllegalMove> {
        if self.stage != Stage::Recycled && !self.is_in_review() {
            return Err(IllegalMove { tried: Move::Wake, stage: self.stage });
        }
        let kind = EventKind::Woken { cycle: self.cycle + 1, because: back.because };
        self.advance(step, Move::Wake, Stage::Received, kind, |next| {
            next.open_cycle();
            next.unasked += u32::from(!back.because.is_asked() || Plant::AskingCounted.is_on());
            next.received_at = back.waits_from;
            next.owner = None;
            next.parked = None;
            next.reason = None;
            next.wake_at = None;
            next.score_due = false;
        })
    }

    /// Begins the next pass: offers, clocks and the threshold count anew.
    pub(super) fn open_cycle(&mut self) {
        self.cycle += 1;
        self.offers = 0;
        self.tried.clear();
        self.withdrawn.clear();
        self.clocks.clear();
        self.qualified_at = None;
    }

    /// A lead in nurturing is looked at again: a new score is due.
    pub fn review_due(&self, step: &Step) -> Result<Lead, IllegalMove> {
        self.advance(step, Move::Rescore, self.stage, EventKind::ReviewDue, |next| {
            next.score_due = true;
            next.wake_at = Some(step.at + REVIEW_AFTER);
        })
    }
}

/// A lead in nurturing is scored again at least so often: no open lead is without a due time.
pub(super) const REVIEW_AFTER: SignedDuration = SignedDuration::from_hours(24 * 30);

const VETO: &str = "veto: ";

fn veto_reason(reason: &str) -> String {
    format!("{VETO}{reason}")
}
