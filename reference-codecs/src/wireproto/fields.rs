//! A stream of Protocol Buffers, field by field.

use crate::decode::{Decode, Decoded, Fields, Malformed, Reason, Stop, finish};

/// The most bytes of a number that is written in groups of seven bits.
const VARINT_LEN: usize = 10;

/// One field as it was written: key and value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    /// Its number, from 1 to 2^29 - 1.
    pub number: u32,
    /// All its bytes, those of the key included.
    pub bytes: Vec<u8>,
}

impl Field {
    fn read(fields: &mut Fields<'_>) -> Result<u32, Stop> {
        let malformed = |what| Stop::malformed(0, "key", Reason::NotAField(what));
        let key = varint(fields, "key")?;
        let number = u32::try_from(key >> 3)
            .ok()
            .filter(|number| (1..1 << 29).contains(number))
            .ok_or_else(|| malformed("a number that no field can have"))?;
        match key & 7 {
            0 => varint(fields, "value").map(drop)?,
            1 => fields.take(8).map(drop)?,
            2 => {
                let len = varint(fields, "length")?;
                fields
                    .take(usize::try_from(len).unwrap_or(usize::MAX))
                    .map(drop)?;
            }
            5 => fields.take(4).map(drop)?,
            3 | 4 => return Err(malformed("no message here has groups")),
            _ => return Err(malformed("no field is written like this")),
        }
        Ok(number)
    }
}

impl Decode for Field {
    type Dialect = ();

    /// Longer than all that the reference server lets wait for one account.
    const MAX_LEN: usize = 16 << 20;

    fn decode(bytes: &[u8], (): ()) -> Result<Decoded<Self>, Malformed> {
        let mut fields = Fields::new(bytes);
        let number = Self::read(&mut fields);
        let len = fields.position();
        let field = number.map(|number| Self {
            number,
            bytes: bytes.get(..len).unwrap_or_default().to_vec(),
        });
        finish(field, len)
    }
}

fn varint(fields: &mut Fields<'_>, name: &'static str) -> Result<u64, Stop> {
    let offset = fields.position();
    let mut number: u64 = 0;
    for group in 0..VARINT_LEN {
        let byte = fields.u8()?;
        let bits = u64::from(byte & 0x7f);
        // The tenth group has one bit left.
        number |= bits.wrapping_shl(u32::try_from(group * 7).unwrap_or_default());
        if byte & 0x80 == 0 {
            return Ok(number);
        }
    }
    let reason = Reason::NotAField("a number of more than ten bytes");
    Err(Stop::malformed(offset, name, reason))
}
