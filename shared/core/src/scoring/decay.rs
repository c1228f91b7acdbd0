//! How points for interest fade. Integer arithmetic only, so that every machine gets the same result.

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

use super::Points;

/// How points fade with the age of the event that gave them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(rename_all = "snake_case")]
pub enum Decay {
    /// They stay.
    #[default]
    None,
    /// They fade evenly and are gone after so many days: each day takes the same share of the original.
    LinearDays(u32),
    /// They halve every so many days.
    HalfLifeDays(u32),
    /// They are there in full and gone after so many days.
    ExpiresDays(u32),
}

/// `points` after `age`; a negative age (a clock behind) counts as none.
pub fn remaining(points: Points, decay: Decay, age: SignedDuration) -> Points {
    let age_ms = i128::from(age.as_secs().max(0)) * 1_000 + i128::from(age.subsec_millis().max(0));
    let millis = |days: u32| (i128::from(days) * 86_400_000).max(1);
    match decay {
        Decay::None => points,
        Decay::ExpiresDays(after) => {
            if age_ms >= millis(after) {
                Points::ZERO
            } else {
                points
            }
        }
        Decay::LinearDays(over) => {
            let over = millis(over);
            let left = (over - age_ms).max(0);
            share(points, left, over)
        }
        Decay::HalfLifeDays(half) => {
            let half = millis(half);
            let halvings = age_ms / half;
            if halvings >= 63 {
                return Points::ZERO;
            }
            // The rest of the age as a binary fraction of a half-life, one factor 2^(-1/2^k) per set bit.
            let mut fraction = ((age_ms % half) << 32) / half;
            let mut factor: i128 = 1 << 62;
            for root in ROOTS {
                fraction <<= 1;
                if fraction >> 32 == 1 {
                    factor = (factor * root) >> 62;
                    fraction -= 1 << 32;
                }
            }
            share(points, factor, (1 << 62) << halvings)
        }
    }
}

/// `points · part / whole`, rounded half away from zero.
fn share(points: Points, part: i128, whole: i128) -> Points {
    let product = i128::from(points.milli()) * part;
    let half = whole / 2;
    let rounded = if product >= 0 { (product + half) / whole } else { (product - half) / whole };
    Points::from_milli(i64::try_from(rounded).unwrap_or(0))
}

/// 2^(-1/2), 2^(-1/4), 2^(-1/8) … in units of 2^-62 (computed with 60 decimal digits and rounded).
const ROOTS: [i128; 20] = [
    3_260_954_456_333_195_553,
    3_877_950_241_171_266_237,
    4_228_934_724_888_366_668,
    4_416_165_660_797_809_419,
    4_512_867_096_753_504_463,
    4_562_008_997_483_360_349,
    4_586_780_255_215_411_731,
    4_599_216_278_082_138_665,
    4_605_446_927_862_164_404,
    4_608_565_417_332_308_035,
    4_610_125_453_837_388_245,
    4_610_905_670_110_601_999,
    4_611_295_827_762_151_833,
    4_611_490_918_967_884_501,
    4_611_588_467_665_893_036,
    4_611_637_242_788_701_951,
    4_611_661_630_543_559_956,
    4_611_673_824_469_352_645,
    4_611_679_921_444_339_948,
    4_611_682_969_934_856_344,
];
