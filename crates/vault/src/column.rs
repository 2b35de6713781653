//! One column of a chunk: numbers in, few bytes out, and the very same numbers back.
//!
//! Measured data are small integers in disguise: times are whole seconds or minutes after a first one, values are
//! integers or short decimals. So a column is shifted by its smallest value, divided by its common step, and stored in
//! the narrowest width that holds it before `pco` finds the rest of the pattern; decoding 16- and 32-bit numbers is
//! about twice as fast as 64-bit ones, and a constant column costs a few bytes. What does not fit this (true binary
//! fractions) goes to `pco` as it is. Every encoder checks that decoding gives the same bits.

use crate::Damaged;
use crate::seal;
use minicbor::{Decoder, Encoder};
use pco::standalone::{simple_compress, simple_decompress_into};
use pco::{ChunkConfig, DeltaSpec, ModeSpec};

/// What is known of the order of a column's numbers, so that no time is spent on finding out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Order {
    /// Neighbours are close: store differences.
    Rising,
    /// Neighbours say nothing about each other.
    Any,
}

/// Steps that columns of times are often made of, largest first.
const STEPS: [u64; 3] = [60_000, 1_000, 100];
/// Decimal places that are worth trying before giving up on a short decimal.
const PLACES: [f64; 7] = [1.0, 10.0, 100.0, 1e3, 1e4, 1e5, 1e6];
/// Integers beyond this are not exact in a double.
const EXACT: f64 = 9_007_199_254_740_992.0;

/// The most numbers or texts in a column.
const MAX_COUNT: usize = crate::chunk::MAX_ROWS;
/// The most bytes of text in a column, with room beyond what is written.
const MAX_TEXT_BYTES: usize = 2 * crate::chunk::MAX_TEXT;

const CONSTANT: u8 = 0;
const BITS_16: u8 = 1;
const BITS_32: u8 = 2;
const BITS_64: u8 = 3;
const DECIMAL: u8 = 0;
const BINARY: u8 = 1;

fn config(order: Order, mode: ModeSpec) -> ChunkConfig {
    let delta = match order {
        Order::Rising => DeltaSpec::TryConsecutive(1),
        Order::Any => DeltaSpec::NoOp,
    };
    ChunkConfig::default().with_compression_level(8).with_mode_spec(mode).with_delta_spec(delta)
}

fn pack<T: pco::data_types::Number>(numbers: &[T], order: Order, mode: ModeSpec) -> Vec<u8> {
    match simple_compress(numbers, &config(order, mode)) {
        Ok(bytes) => bytes,
        // The configuration is ours and constant, and the destination is memory.
        Err(error) => unreachable!("pco refused its own configuration: {error}"),
    }
}

fn unpack<T: pco::data_types::Number>(bytes: &[u8], count: usize) -> Result<Vec<T>, Damaged> {
    let mut numbers = vec![T::default(); count];
    let progress = simple_decompress_into(bytes, &mut numbers).map_err(|_| Damaged("a column does not decode"))?;
    if progress.n_processed == count && progress.finished {
        Ok(numbers)
    } else {
        Err(Damaged("a column has the wrong length"))
    }
}

type Writer<'a> = Encoder<&'a mut Vec<u8>>;

/// Writing into memory cannot fail.
pub(crate) fn sure<T>(result: Result<T, minicbor::encode::Error<std::convert::Infallible>>) {
    if let Err(error) = result {
        unreachable!("writing to memory failed: {error}");
    }
}

/// Appends a column of integers.
pub(crate) fn put_ints(to: &mut Vec<u8>, numbers: &[i64], order: Order) {
    let base = numbers.iter().copied().min().unwrap_or(0);
    // i64::MAX - i64::MIN fits u64.
    let above = |number: i64| (number as u64).wrapping_sub(base as u64);
    let mut writer = Writer::new(to);
    let mut head = |code: u8, step: u64| {
        sure(writer.array(4).and_then(|w| w.u8(code)).and_then(|w| w.i64(base)).and_then(|w| w.u64(step)));
    };
    let most = numbers.iter().map(|number| above(*number)).max().unwrap_or(0);
    let bytes = if most == 0 {
        head(CONSTANT, 1);
        Vec::new()
    } else {
        let step = STEPS.into_iter().find(|step| numbers.iter().all(|n| above(*n) % step == 0)).unwrap_or(1);
        let scaled = numbers.iter().map(|number| above(*number) / step);
        // `step` is a constant of the loop, so dividing by one costs nothing worth a second path.
        match most / step {
            0..=0xffff => {
                head(BITS_16, step);
                pack(&scaled.map(|n| n as u16).collect::<Vec<_>>(), order, ModeSpec::Classic)
            }
            0x1_0000..=0xffff_ffff => {
                head(BITS_32, step);
                pack(&scaled.map(|n| n as u32).collect::<Vec<_>>(), order, ModeSpec::Classic)
            }
            _ => {
                head(BITS_64, step);
                pack(&scaled.collect::<Vec<_>>(), order, ModeSpec::Classic)
            }
        }
    };
    sure(writer.bytes(&bytes));
}

/// Reads a column of `count` integers.
pub(crate) fn get_ints(from: &mut Decoder<'_>, count: usize) -> Result<Vec<i64>, Damaged> {
    let malformed = |_| Damaged("a column's head is malformed");
    if from.array().map_err(malformed)? != Some(4) {
        return Err(Damaged("a column's head is malformed"));
    }
    let code = from.u8().map_err(malformed)?;
    let base = from.i64().map_err(malformed)?;
    let step = from.u64().map_err(malformed)? as i64;
    let bytes = from.bytes().map_err(malformed)?;
    let value = |scaled: i64| base.wrapping_add(scaled.wrapping_mul(step));
    Ok(match code {
        CONSTANT => vec![base; count],
        BITS_16 => unpack::<u16>(bytes, count)?.into_iter().map(|n| value(i64::from(n))).collect(),
        BITS_32 => unpack::<u32>(bytes, count)?.into_iter().map(|n| value(i64::from(n))).collect(),
        BITS_64 => unpack::<u64>(bytes, count)?.into_iter().map(|n| value(n as i64)).collect(),
        _ => return Err(Damaged("a column has an unknown code")),
    })
}

/// Appends a column of numbers.
pub(crate) fn put_floats(to: &mut Vec<u8>, numbers: &[f64], order: Order) {
    let mut writer = Writer::new(to);
    let decimal = PLACES.into_iter().find_map(|scale| {
        let integer = |number: f64| {
            let whole = (number * scale).round();
            // As it will be read: an integer has no negative zero.
            let read = (whole as i64) as f64 / scale;
            (whole.abs() < EXACT && read.to_bits() == number.to_bits()).then_some(whole as i64)
        };
        // Most columns that fail do so on their first numbers.
        numbers.iter().map(|number| integer(*number)).collect::<Option<Vec<_>>>().map(|integers| (scale, integers))
    });
    if let Some((scale, integers)) = decimal {
        sure(writer.array(2).and_then(|w| w.u8(DECIMAL)).and_then(|w| w.u32(scale as u32)));
        put_ints(to, &integers, order);
    } else {
        sure(writer.array(2).and_then(|w| w.u8(BINARY)));
        sure(writer.bytes(&pack(numbers, order, ModeSpec::Auto)));
    }
}

/// Reads a column of `count` numbers.
pub(crate) fn get_floats(from: &mut Decoder<'_>, count: usize) -> Result<Vec<f64>, Damaged> {
    let malformed = |_| Damaged("a column's head is malformed");
    from.array().map_err(malformed)?;
    match from.u8().map_err(malformed)? {
        DECIMAL => {
            let scale = f64::from(from.u32().map_err(malformed)?);
            let integers = get_ints(from, count)?;
            Ok(if scale == 1.0 {
                integers.into_iter().map(|integer| integer as f64).collect()
            } else {
                integers.into_iter().map(|integer| integer as f64 / scale).collect()
            })
        }
        BINARY => unpack::<f64>(from.bytes().map_err(malformed)?, count),
        _ => Err(Damaged("a column has an unknown code")),
    }
}

/// Texts lie one after the other, compressed as a whole; their lengths are a column.
pub(crate) fn put_texts(to: &mut Vec<u8>, texts: &[Box<str>]) {
    let lengths: Vec<i64> = texts.iter().map(|text| text.len() as i64).collect();
    let all: String = texts.iter().map(AsRef::as_ref).collect();
    sure(Encoder::new(&mut *to).u32(texts.len() as u32));
    put_ints(to, &lengths, Order::Any);
    let packed = seal::compress(all.as_bytes());
    sure(Encoder::new(to).u32(all.len() as u32).and_then(|to| to.bytes(&packed)));
}

pub(crate) fn get_texts(from: &mut Decoder<'_>) -> Result<Vec<Box<str>>, Damaged> {
    let malformed = |_| Damaged("a chunk's texts are malformed");
    let count = from.u32().map_err(malformed)? as usize;
    if count > MAX_COUNT {
        return Err(Damaged("a chunk has an impossible number of texts"));
    }
    let lengths = get_ints(from, count)?;
    let total = from.u32().map_err(malformed)? as usize;
    if total > MAX_TEXT_BYTES {
        return Err(Damaged("a chunk has too much text"));
    }
    let all = seal::decompress(from.bytes().map_err(malformed)?, total)?;
    let all = String::from_utf8(all).map_err(|_| Damaged("a chunk's text is not UTF-8"))?;
    let mut rest = all.as_str();
    let texts = lengths
        .into_iter()
        .map(|length| {
            let (text, after) = usize::try_from(length).ok().and_then(|length| rest.split_at_checked(length))?;
            rest = after;
            Some(Box::from(text))
        })
        .collect::<Option<Vec<_>>>();
    texts.filter(|_| rest.is_empty()).ok_or(Damaged("a chunk's texts have the wrong lengths"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn ints(numbers: &[i64], order: Order) -> usize {
        let mut bytes = Vec::new();
        put_ints(&mut bytes, numbers, order);
        assert_eq!(get_ints(&mut Decoder::new(&bytes), numbers.len()).expect("our own"), numbers);
        bytes.len()
    }

    fn floats(numbers: &[f64]) -> usize {
        let mut bytes = Vec::new();
        put_floats(&mut bytes, numbers, Order::Any);
        let back = get_floats(&mut Decoder::new(&bytes), numbers.len()).expect("our own");
        let bits = |numbers: &[f64]| numbers.iter().map(|n| n.to_bits()).collect::<Vec<_>>();
        assert_eq!(bits(&back), bits(numbers));
        bytes.len()
    }

    #[test]
    fn regular_columns_cost_next_to_nothing() {
        let minutes: Vec<i64> = (0..8_192).map(|i| 1_700_000_000_000 + i * 60_000).collect();
        assert!(ints(&minutes, Order::Rising) < 100);
        assert!(ints(&vec![42; 8_192], Order::Any) < 10);
        let rates: Vec<f64> = (0..8_192).map(|i| 60.0 + f64::from(i * 7 % 16)).collect();
        assert!(floats(&rates) < 8_192 * 5 / 8);
        let thousandths: Vec<f64> = (0..8_192).map(|i| f64::from(i * 31 % 1_000) / 1_000.0).collect();
        assert!(floats(&thousandths) < 8_192 * 11 / 8);
    }

    #[test]
    fn extremes_come_back_as_they_went_in() {
        ints(&[i64::MIN, i64::MAX, 0], Order::Any);
        ints(&[], Order::Rising);
        floats(&[0.0, -0.0, f64::MAX, f64::MIN_POSITIVE, 1e300, -1e-300, 0.1 + 0.2]);
        floats(&[-0.0]);
        floats(&[9_007_199_254_740_993.0, 1.0]);
        floats(&[]);
    }

    proptest! {
        #[test]
        fn any_integers_round_trip(numbers in prop::collection::vec(any::<i64>(), 0..300)) {
            ints(&numbers, Order::Rising);
        }

        #[test]
        fn any_numbers_round_trip(numbers in prop::collection::vec(prop::num::f64::ANY, 0..300)) {
            floats(&numbers);
        }

        #[test]
        fn arbitrary_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..300), count in 0usize..9_000) {
            let _ = get_ints(&mut Decoder::new(&bytes), count);
            let _ = get_floats(&mut Decoder::new(&bytes), count);
        }
    }
}
