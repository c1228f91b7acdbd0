//! Contacts with the prospect, and which of them count.

use serde::{Deserialize, Serialize};

macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $word:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        pub enum $name {
            $($(#[$vdoc])* #[serde(rename = $word)] $variant),+
        }

        impl $name {
            /// The word for it.
            pub const fn name(self) -> &'static str {
                match self { $($name::$variant => $word),+ }
            }
        }
    };
}

words!(
    /// How contact was made.
    ContactChannel {
        /// Telephone.
        Phone = "phone",
        /// E-mail.
        Email = "email",
        /// A meeting, in person or by video.
        Meeting = "meeting",
        /// A text message.
        Sms = "sms",
        /// A social network.
        Social = "social",
        /// Chat on the site.
        Chat = "chat",
        /// Anything else.
        Other = "other",
    }
);

words!(
    /// From whom to whom.
    ContactDirection {
        /// From us to the prospect.
        Outbound = "outbound",
        /// From the prospect to us.
        Inbound = "inbound",
    }
);

words!(
    /// With what result.
    ContactOutcome {
        /// They spoke.
        Connected = "connected",
        /// A message was left or sent.
        LeftMessage = "left_message",
        /// Nobody answered.
        NoAnswer = "no_answer",
        /// The prospect replied.
        Replied = "replied",
        /// A meeting was agreed.
        MeetingBooked = "meeting_booked",
        /// The message came back.
        Bounced = "bounced",
        /// A machine wrote it: an auto-reply or a sequence.
        Automated = "automated",
    }
);

/// Whether a contact answers for the first touch: a human reached out. A machine's message, a bounce and whatever
/// the prospect does stop no clock.
pub fn stops_the_clock(direction: ContactDirection, outcome: ContactOutcome) -> bool {
    direction == ContactDirection::Outbound
        && !matches!(outcome, ContactOutcome::Automated | ContactOutcome::Bounced)
}

/// Whether a human reached out and the prospect was reached: nothing is left to try.
pub fn got_through(direction: ContactDirection, outcome: ContactOutcome) -> bool {
    use ContactOutcome::{Connected, MeetingBooked, Replied};
    direction == ContactDirection::Outbound && matches!(outcome, Connected | Replied | MeetingBooked)
}
