//! A company's name without what people write differently.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// Names of this similarity or more are alike: Jaro-Winkler over the words, in their order or sorted.
const ALIKE: f64 = 0.92;

/// Longer names are compared by their beginning only: nothing else is worth the time.
const MOST_CHARS: usize = 200;

/// Legal forms, as their words stand after punctuation is gone; longer ones first where one ends with another.
const LEGAL_FORMS: &[&[&str]] = &[
    &["gesellschaft", "mit", "beschrankter", "haftung"],
    &["limited", "liability", "company"],
    &["limited", "liability", "partnership"],
    &["public", "limited", "company"],
    &["sociedad", "anonima"],
    &["societe", "anonyme"],
    &["aktiengesellschaft"],
    &["kommanditgesellschaft"],
    &["sa", "de", "cv"],
    &["s", "a", "de", "c", "v"],
    &["pty", "ltd"],
    &["pte", "ltd"],
    &["pvt", "ltd"],
    &["private", "limited"],
    &["sdn", "bhd"],
    &["sp", "z", "oo"],
    &["spol", "s", "ro"],
    &["s", "a"],
    &["co", "ltd"],
    &["d", "oo"],
    &["incorporated"],
    &["corporation"],
    &["company"],
    &["limited"],
    &["limitada"],
    &["limitee"],
    &["eingetragene", "kauffrau"],
    &["eingetragener", "kaufmann"],
    &["gmbh"],
    &["mbh"],
    &["ggmbh"],
    &["inc"],
    &["corp"],
    &["ltd"],
    &["ltda"],
    &["llc"],
    &["llp"],
    &["lp"],
    &["plc"],
    &["pllc"],
    &["co"],
    &["cie"],
    &["kg"],
    &["kgaa"],
    &["ohg"],
    &["ug"],
    &["ag"],
    &["ek"],
    &["ev"],
    &["eg"],
    &["se"],
    &["sa"],
    &["sas"],
    &["sasu"],
    &["sarl"],
    &["eurl"],
    &["sca"],
    &["scs"],
    &["spa"],
    &["srl"],
    &["srls"],
    &["sl"],
    &["slu"],
    &["sau"],
    &["lda"],
    &["eireli"],
    &["bv"],
    &["nv"],
    &["bvba"],
    &["vof"],
    &["cv"],
    &["ab"],
    &["hb"],
    &["as"],
    &["asa"],
    &["aps"],
    &["ivs"],
    &["oy"],
    &["oyj"],
    &["ky"],
    &["doo"],
    &["dd"],
    &["ad"],
    &["ood"],
    &["eood"],
    &["kft"],
    &["zrt"],
    &["nyrt"],
    &["bt"],
    &["sro"],
    &["zoo"],
    &["pty"],
    &["pte"],
    &["pvt"],
    &["bhd"],
    &["kk"],
    &["gk"],
    &["ou"],
    &["uab"],
    &["sia"],
];

/// A name that can be compared: letters and digits in small words, without accents and legal form.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CompanyName(Vec<String>);

impl CompanyName {
    /// Reads a name; `None` when no letter or digit is in it.
    pub fn parse(raw: &str) -> Option<Self> {
        let plain: String = raw
            .nfkd()
            .filter(|c| !is_combining_mark(*c))
            .take(MOST_CHARS)
            .flat_map(char::to_lowercase)
            // Lower case alone leaves what case folding joins.
            .flat_map(|c| if c == 'ß' { vec!['s', 's'] } else { vec![c] })
            .collect();
        let mut words: Vec<String> = Vec::new();
        for word in plain.split_whitespace() {
            words.extend(split(word));
        }
        without_legal_form(&mut words);
        (!words.is_empty()).then_some(Self(words))
    }

    /// The name in one text, for tables.
    pub fn key(&self) -> String {
        self.0.join(" ")
    }

    /// Whether another name is nearly the same one.
    pub fn is_like(&self, other: &Self) -> bool {
        let sorted = |name: &Self| {
            let mut words: Vec<&str> = name.0.iter().map(String::as_str).collect();
            words.sort_unstable();
            words.dedup();
            words.join(" ")
        };
        strsim::jaro_winkler(&self.key(), &other.key()) >= ALIKE
            || strsim::jaro_winkler(&sorted(self), &sorted(other)) >= ALIKE
    }
}

/// The words of what stands between two spaces.
fn split(word: &str) -> Vec<String> {
    // Apostrophes of any shape join, as do the points and strokes of abbreviations: S.A., A/S, o.o.
    let word: String =
        word.chars().filter(|c| !matches!(c, '\'' | '’' | '‘' | '`' | '´' | 'ʼ' | '′' | '＇')).collect();
    let parts: Vec<&str> = word.split(['.', '/']).filter(|p| !p.is_empty()).collect();
    let abbreviation = parts.len() > 1 && parts.iter().all(|p| p.chars().count() == 1);
    let word = if abbreviation { parts.concat() } else { word };
    let word = word.replace('&', " and ");
    word.split(|c: char| !c.is_alphanumeric()).filter(|w| !w.is_empty()).map(str::to_owned).collect()
}

/// Takes legal forms off the end, however many there are, but never all there is.
fn without_legal_form(words: &mut Vec<String>) {
    loop {
        let ends = |form: &&&[&str]| {
            form.len() < words.len() && words[words.len() - form.len()..].iter().eq(form.iter().copied())
        };
        let cut = match LEGAL_FORMS.iter().find(ends) {
            Some(form) => form.len(),
            // What joined two of them: GmbH & Co. KG.
            None if words.len() > 1 && words.last().is_some_and(|w| w == "and") => 1,
            None => return,
        };
        words.truncate(words.len() - cut);
    }
}
