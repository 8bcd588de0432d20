//! Random numbers from a seed, and the popularity of origins.

/// A generator of random numbers: SplitMix64, which is fast and needs no dependency.
#[derive(Clone, Debug)]
pub struct Random(u64);

impl Random {
    /// Creates a generator. Equal seeds give equal numbers.
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// Returns the next 64 bits.
    pub fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        mix(self.0)
    }

    /// Returns a number from 0 to 1, without 1.
    pub fn fraction(&mut self) -> f64 {
        fraction(self.bits())
    }

    /// Returns a whole number below `limit`, which must not be 0.
    pub fn below(&mut self, limit: usize) -> usize {
        ((u128::from(self.bits()) * limit as u128) >> 64) as usize
    }

    /// Returns whether an event of this probability happens.
    pub fn happens(&mut self, probability: f64) -> bool {
        probability > 0.0 && self.fraction() < probability
    }

    /// Returns an exponentially distributed number with this mean, such as the time to the next of independent events.
    pub fn exponential(&mut self, mean: f64) -> f64 {
        -(1.0 - self.fraction()).ln() * mean
    }
}

/// Returns a number from 0 to 1 from 64 random bits.
pub(crate) fn fraction(bits: u64) -> f64 {
    (bits >> 11) as f64 / (1_u64 << 53) as f64
}

/// Returns bits that look random and depend on nothing but `bits`.
pub(crate) fn mix(bits: u64) -> u64 {
    let bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}

/// Draws origins, of which the n-th is n times as rare as the first (Zipf's law), in constant time (Walker's alias method).
#[derive(Debug)]
pub(crate) struct Popularity {
    /// The share of the first of the two origins of each slot, and the second one.
    slots: Vec<(f64, u32)>,
    /// The share of requests of the first origin.
    first: f64,
}

impl Popularity {
    pub(crate) fn new(origins: usize) -> Self {
        let sum: f64 = (1..=origins).map(|rank| 1.0 / rank as f64).sum();
        let mean = |rank: usize| origins as f64 / (rank as f64 * sum);
        let mut slots: Vec<(f64, u32)> = (1..=origins).map(|rank| (mean(rank), 0)).collect();
        let (mut rare, mut common): (Vec<_>, Vec<_>) =
            (0..origins).partition(|&index| slots[index].0 < 1.0);
        while let (Some(&donor), Some(index)) = (common.last(), rare.pop()) {
            slots[index].1 = donor as u32;
            slots[donor].0 -= 1.0 - slots[index].0;
            if slots[donor].0 < 1.0 {
                common.pop();
                rare.push(donor);
            }
        }
        for index in rare.into_iter().chain(common) {
            slots[index] = (1.0, index as u32);
        }
        Self {
            slots,
            first: 1.0 / sum,
        }
    }

    pub(crate) fn draw(&self, random: &mut Random) -> usize {
        let index = random.below(self.slots.len());
        let (share, other) = self.slots[index];
        if random.fraction() < share {
            index
        } else {
            other as usize
        }
    }

    /// Returns the share of requests that are this origin's.
    pub(crate) fn share(&self, origin: usize) -> f64 {
        self.first / (origin + 1) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origins_are_drawn_by_their_share() {
        let popularity = Popularity::new(1_000);
        let mut random = Random::new(1);
        let mut drawn = vec![0_u32; 1_000];
        for _ in 0..1_000_000 {
            drawn[popularity.draw(&mut random)] += 1;
        }
        for origin in [0, 1, 9, 99] {
            let expected = 1e6 * popularity.share(origin);
            let found = f64::from(drawn[origin]);
            assert!(
                (found - expected).abs() < 5.0 * expected.sqrt(),
                "{origin}: {found}, not {expected}"
            );
        }
    }
}
