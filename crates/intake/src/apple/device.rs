//! Who recorded: the source of a record from its name, version and device string.

use crate::lookup::Lookup;
use crate::outlet::Outlet;
use crate::text::{self, NAME_BYTES_MAX};
use didymos_base::{Source, SourceKey};
use memchr::memmem;

/// Devices and programs in one export; people have a few dozen over ten years.
const SOURCES_MAX: usize = 20_000;

/// The sources met so far, each with the keys of its variants (converted units, entered by hand).
pub(crate) struct Devices {
    known: Lookup<4, Device>,
}

struct Device {
    source: Source,
    keys: Vec<(Variant, SourceKey)>,
}

/// What of a source depends on the single record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub(crate) struct Variant {
    /// UCUM code of the unit that the value was converted from.
    pub(crate) converted_from: Option<&'static str>,
    pub(crate) by_hand: bool,
}

impl Devices {
    pub(crate) fn new() -> Self {
        Self { known: Lookup::new(SOURCES_MAX) }
    }

    /// The place of a device in the list, by its raw attributes; `None` when there are too many.
    pub(crate) fn find(&mut self, name: &[u8], version: &[u8], device: &[u8]) -> Option<usize> {
        let (head, tail) = without_pointer(device);
        let key = [name, version, head, tail];
        self.known.find(key).or_else(|| {
            let source = source_of(name, version, device);
            self.known.add(key, Device { source, keys: Vec::new() })
        })
    }

    /// The key of a device's variant.
    pub(crate) fn key(&mut self, device: usize, variant: Variant, outlet: &mut Outlet<'_>) -> SourceKey {
        let device = self.known.get_mut(device);
        if let Some((_, key)) = device.keys.iter().find(|(known, _)| *known == variant) {
            return *key;
        }
        let source = Source {
            converted_from: variant.converted_from.map(str::to_owned),
            entered_by_hand: variant.by_hand,
            ..device.source.clone()
        };
        let key = outlet.source(&source);
        device.keys.push((variant, key));
        key
    }
}

/// A device string without the address of the object that it describes, which is another one in every record:
/// `<<HKDevice: 0x282a45810>, name:…` is what comes before and after the digits.
fn without_pointer(device: &[u8]) -> (&[u8], &[u8]) {
    const USUAL: &[u8] = b"&lt;&lt;HKDevice: 0x";
    let start = if device.starts_with(USUAL) {
        USUAL.len()
    } else {
        match memmem::find(device, b"HKDevice: 0x") {
            Some(at) => at + b"HKDevice: 0x".len(),
            None => return (device, &[]),
        }
    };
    let digits = device[start..].iter().take_while(|b| b.is_ascii_hexdigit()).count();
    (&device[..start], &device[start + digits..])
}

fn source_of(name: &[u8], version: &[u8], device: &[u8]) -> Source {
    let field = |raw: &[u8]| text::cut(text::unescaped(raw).trim(), NAME_BYTES_MAX).to_owned();
    let optional = |raw: &[u8]| Some(field(raw)).filter(|text| !text.is_empty());
    let mut source = Source { app: field(name), app_version: optional(version), ..Source::default() };
    for (key, value) in properties(&text::unescaped(device)) {
        let place = match key {
            "name" => &mut source.device,
            "manufacturer" => &mut source.manufacturer,
            "model" => &mut source.model,
            "hardware" => &mut source.hardware,
            "firmware" | "software" => &mut source.firmware,
            _ => continue,
        };
        if place.is_none() {
            *place = Some(text::cut(value, NAME_BYTES_MAX).to_owned());
        }
    }
    source
}

/// The properties in `<<HKDevice: 0x1>, name:Apple Watch, hardware:Watch2,4, software:4.3.1>`. Values hold commas, so a
/// property ends only where `, ` and the name of another one follow.
fn properties(device: &str) -> Vec<(&str, &str)> {
    const NAMES: [&str; 8] =
        ["name", "manufacturer", "model", "hardware", "firmware", "software", "localIdentifier", "FDA UDI"];
    let name_at =
        |text: &str| NAMES.into_iter().find(|name| text.strip_prefix(name).is_some_and(|rest| rest.starts_with(':')));
    let mut found: Vec<(&str, &str)> = Vec::new();
    let device = device.strip_suffix('>').unwrap_or(device);
    // The last entry's value starts here.
    let mut open: Option<(&str, usize)> = None;
    for (at, _) in device.match_indices(", ").take(64) {
        if let Some(name) = name_at(&device[at + 2..]) {
            if let Some((previous, from)) = open {
                found.push((previous, device[from..at].trim()));
            }
            open = Some((name, at + 2 + name.len() + 1));
        }
    }
    if let Some((name, from)) = open {
        found.push((name, device[from..].trim()));
    }
    found.retain(|(_, value)| !value.is_empty());
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_device_string_is_taken_apart_and_its_pointer_dropped() {
        let raw = "&lt;&lt;HKDevice: 0x282a45810&gt;, name:Apple Watch, manufacturer:Apple, model:Watch, hardware:Watch2,4, software:4.3.1&gt;";
        let source = source_of("Zoë’s Watch".as_bytes(), b"4.3.1", raw.as_bytes());
        let some = |text: &str| Some(text.to_owned());
        let expected = Source {
            app: "Zoë’s Watch".to_owned(),
            app_version: some("4.3.1"),
            device: some("Apple Watch"),
            manufacturer: some("Apple"),
            model: some("Watch"),
            hardware: some("Watch2,4"),
            firmware: some("4.3.1"),
            ..Source::default()
        };
        assert_eq!(source, expected);
        let other = raw.replace("0x282a45810", "0x1");
        assert_eq!(without_pointer(raw.as_bytes()), without_pointer(other.as_bytes()));
        for plain in ["", "x", "HKDevice: 0x", "&lt;&lt;HKDevice: 0x"] {
            let (head, tail) = without_pointer(plain.as_bytes());
            assert_eq!([head, tail].concat(), plain.as_bytes());
        }
    }

    #[test]
    fn ten_thousand_pointers_are_one_device() {
        let mut devices = Devices::new();
        for i in 0..10_000 {
            let raw = format!("&lt;&lt;HKDevice: {:#x}&gt;, name:Watch&gt;", 0x1000 + i * 16);
            assert_eq!(devices.find(b"Watch", b"1", raw.as_bytes()), Some(0));
        }
    }
}
