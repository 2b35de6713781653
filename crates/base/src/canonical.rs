//! The one byte form of everything that is hashed or signed: deterministic CBOR (RFC 8949 §4.2.1).
//!
//! `minicbor` writes shortest integers and definite lengths; the types that pass here encode as arrays, so there
//! are no map keys to order. What is left to do here is the shortest form of floating-point numbers, and refusing
//! on the way in whatever is not byte for byte what we would have written.

use minicbor::encode::Write;
use minicbor::{Decode, Decoder, Encode, Encoder};

/// Why bytes are not a canonical value of the type asked for.
#[derive(Debug, thiserror::Error)]
pub enum CanonicalError {
    /// Not CBOR of this shape.
    #[error("malformed canonical bytes: {0}")]
    Malformed(#[from] minicbor::decode::Error),
    /// The same value has a shorter or differently ordered encoding, or bytes follow it.
    #[error("bytes are not in canonical form")]
    NotCanonical,
}

/// Canonical bytes of `value`.
#[must_use]
pub fn encode<T: Encode<()>>(value: &T) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(64);
    match Encoder::new(&mut bytes).encode(value) {
        Ok(_) => bytes,
        // The writer is a `Vec` and none of our `Encode`s raises errors of its own.
        Err(error) => unreachable!("encoding into memory failed: {error}"),
    }
}

/// Reads canonical bytes back, refusing any other form of the same value: one value, one digest.
pub fn decode<'b, T: Decode<'b, ()> + Encode<()>>(bytes: &'b [u8]) -> Result<T, CanonicalError> {
    let value = Decoder::new(bytes).decode::<T>()?;
    if encode(&value) == bytes { Ok(value) } else { Err(CanonicalError::NotCanonical) }
}

/// Writes a float in the shortest form that keeps every bit: half, single or double precision (RFC 8949 §4.2.1).
///
pub fn float<W: Write>(to: &mut Encoder<W>, value: f64) -> Result<(), minicbor::encode::Error<W::Error>> {
    let single = value as f32;
    if f64::from(single).to_bits() != value.to_bits() {
        return to.f64(value)?.ok();
    }
    match half_bits(single) {
        Some(bits) => {
            let [high, low] = bits.to_be_bytes();
            to.writer_mut().write_all(&[0xf9, high, low]).map_err(minicbor::encode::Error::write)
        }
        None => to.f32(single)?.ok(),
    }
}

/// Reads a float written by [`float`], or any CBOR float.
pub fn read_float(from: &mut Decoder<'_>) -> Result<f64, minicbor::decode::Error> {
    let at = from.position();
    match from.input().get(at) {
        Some(0xf9) => {
            let Some(&[high, low]) = from.input().get(at + 1..at + 3) else {
                return Err(minicbor::decode::Error::end_of_input());
            };
            from.set_position(at + 3);
            Ok(f64::from(half_to_single(u16::from_be_bytes([high, low]))))
        }
        Some(0xfa) => from.f32().map(f64::from),
        _ => from.f64(),
    }
}

/// IEEE 754 half-precision bits of `value`, if it fits without loss.
fn half_bits(value: f32) -> Option<u16> {
    let bits = value.to_bits();
    let sign = (bits >> 16) as u16 & 0x8000;
    let exponent = (bits >> 23) as i32 & 0xff;
    let fraction = bits & 0x007f_ffff;
    match exponent {
        0 if fraction == 0 => Some(sign),
        0xff if fraction & 0x1fff == 0 => Some(sign | 0x7c00 | (fraction >> 13) as u16),
        _ => {
            let unbiased = exponent - 127;
            if (-14..=15).contains(&unbiased) && fraction & 0x1fff == 0 {
                Some(sign | ((unbiased + 15) as u16) << 10 | (fraction >> 13) as u16)
            } else if (-24..=-15).contains(&unbiased) {
                // Subnormal: the implicit one moves into the fraction.
                let shift = 13 + (-14 - unbiased) as u32;
                let whole = fraction | 0x0080_0000;
                (whole.trailing_zeros() >= shift).then(|| sign | (whole >> shift) as u16)
            } else {
                None
            }
        }
    }
}

fn half_to_single(bits: u16) -> f32 {
    let sign = u32::from(bits & 0x8000) << 16;
    let exponent = u32::from(bits >> 10 & 0x1f);
    let fraction = u32::from(bits & 0x03ff);
    match exponent {
        0 => {
            // 2^-24 steps, exact in single precision.
            let magnitude = fraction as f32 * 5.960_464_5e-8;
            if sign == 0 { magnitude } else { -magnitude }
        }
        0x1f => f32::from_bits(sign | 0x7f80_0000 | fraction << 13),
        _ => f32::from_bits(sign | (exponent + 112) << 23 | fraction << 13),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn bytes_of(value: f64) -> Vec<u8> {
        let mut bytes = Vec::new();
        float(&mut Encoder::new(&mut bytes), value).expect("into memory");
        bytes
    }

    #[test]
    fn floats_match_the_examples_of_rfc_8949_appendix_a() {
        let examples: [(f64, &[u8]); 11] = [
            (0.0, &[0xf9, 0x00, 0x00]),
            (-0.0, &[0xf9, 0x80, 0x00]),
            (1.0, &[0xf9, 0x3c, 0x00]),
            (1.1, &[0xfb, 0x3f, 0xf1, 0x99, 0x99, 0x99, 0x99, 0x99, 0x9a]),
            (1.5, &[0xf9, 0x3e, 0x00]),
            (65504.0, &[0xf9, 0x7b, 0xff]),
            (100_000.0, &[0xfa, 0x47, 0xc3, 0x50, 0x00]),
            (5.960_464_477_539_063e-8, &[0xf9, 0x00, 0x01]),
            (0.000_061_035_156_25, &[0xf9, 0x04, 0x00]),
            (-4.1, &[0xfb, 0xc0, 0x10, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66]),
            (f64::INFINITY, &[0xf9, 0x7c, 0x00]),
        ];
        for (value, bytes) in examples {
            assert_eq!(bytes_of(value), bytes, "{value}");
        }
    }

    #[test]
    fn every_half_float_round_trips() {
        for bits in 0..=u16::MAX {
            let value = half_to_single(bits);
            if !value.is_nan() {
                assert_eq!(half_bits(value), Some(bits), "{value}");
            }
        }
    }

    #[test]
    fn a_longer_encoding_of_the_same_value_is_refused() {
        assert!(matches!(decode::<u64>(&[0x18, 0x05]), Err(CanonicalError::NotCanonical)));
        assert!(matches!(decode::<u64>(&[0x05, 0x00]), Err(CanonicalError::NotCanonical)));
        assert_eq!(decode::<u64>(&[0x05]).expect("canonical"), 5);
    }

    proptest! {
        #[test]
        fn any_float_round_trips_bit_for_bit(value in any::<f64>().prop_filter("NaN is refused at the door", |v| !v.is_nan())) {
            let bytes = bytes_of(value);
            let back = read_float(&mut Decoder::new(&bytes)).expect("a float");
            prop_assert_eq!(back.to_bits(), value.to_bits());
        }
    }
}
