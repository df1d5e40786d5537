// Constants of the elementary functions as unevaluated sums of doubles, each within 2^-105 relative of the number it
// stands for (the tests recompute every one with Arb). Multi-word constants carry their words in falling order.
#pragma once

#include "capnode/numerics/double_double.hpp"

namespace capnode::constants {

/// The ball around a constant stored to double-double precision.
constexpr DoubleDoubleBall ball(const DoubleDouble& c) { return {c, (c.hi < 0.0 ? -c.hi : c.hi) * 0x1p-105}; }

inline constexpr DoubleDouble ln2{0x1.62e42fefa39efp-1, 0x1.abc9e3b39803fp-56};                 // log 2
inline constexpr DoubleDouble half_pi{0x1.921fb54442d18p+0, 0x1.1a62633145c07p-54};             // pi / 2
inline constexpr DoubleDouble two_over_sqrt_pi{0x1.20dd750429b6dp+0, 0x1.1ae3a914fed8p-56};     // 2 / sqrt(pi)
inline constexpr DoubleDouble one_over_sqrt_pi{0x1.20dd750429b6dp-1, 0x1.1ae3a914fed8p-57};     // 1 / sqrt(pi)
inline constexpr DoubleDouble one_over_sqrt_2{0x1.6a09e667f3bcdp-1, -0x1.bdd3413b26456p-55};    // 1 / sqrt(2)
inline constexpr DoubleDouble one_over_sqrt_2pi{0x1.9884533d43651p-2, -0x1.cbc0d30ebfd15p-56};  // 1 / sqrt(2 pi)
inline constexpr DoubleDouble gelu_tanh_linear{0x1.9884533d43651p+0, -0x1.cbc0d30ebfd15p-54};   // 2 sqrt(2 / pi)
inline constexpr DoubleDouble gelu_tanh_cubic{0x1.2444f2a4d8b4bp-4, -0x1.6c843a29d1c7p-61};  // 2 sqrt(2 / pi) 0.044715
inline constexpr double two_over_pi = 0x1.45f306dc9c883p-1;
inline constexpr double one_over_ln2 = 0x1.71547652b82fep+0;

// The tails left out: |log 2 - sum| < 2^-164, |pi/2 - sum| < 2^-275.
inline constexpr double ln2_words[3] = {0x1.62e42fefa39efp-1, 0x1.abc9e3b39803fp-56, 0x1.7b57a079a1934p-111};
inline constexpr double half_pi_words[5] = {0x1.921fb54442d18p+0, 0x1.1a62633145c07p-54, -0x1.f1976b7ed8fbcp-110,
                                            0x1.4cf98e804177dp-164, 0x1.31d89cd9128a5p-218};

/// 1 / n! for n = 0 .. 30.
inline constexpr DoubleDouble inverse_factorial[31] = {{1.0, 0.0},
                                                       {1.0, 0.0},
                                                       {0x1p-1, 0x0p+0},
                                                       {0x1.5555555555555p-3, 0x1.5555555555555p-57},
                                                       {0x1.5555555555555p-5, 0x1.5555555555555p-59},
                                                       {0x1.1111111111111p-7, 0x1.1111111111111p-63},
                                                       {0x1.6c16c16c16c17p-10, -0x1.f49f49f49f49fp-65},
                                                       {0x1.a01a01a01a01ap-13, 0x1.a01a01a01a01ap-73},
                                                       {0x1.a01a01a01a01ap-16, 0x1.a01a01a01a01ap-76},
                                                       {0x1.71de3a556c734p-19, -0x1.c154f8ddc6cp-73},
                                                       {0x1.27e4fb7789f5cp-22, 0x1.cbbc05b4fa99ap-76},
                                                       {0x1.ae64567f544e4p-26, -0x1.c062e06d1f209p-80},
                                                       {0x1.1eed8eff8d898p-29, -0x1.2aec959e14c06p-83},
                                                       {0x1.6124613a86d09p-33, 0x1.f28e0cc748ebep-87},
                                                       {0x1.93974a8c07c9dp-37, 0x1.05d6f8a2efd1fp-92},
                                                       {0x1.ae7f3e733b81fp-41, 0x1.1d8656b0ee8cbp-97},
                                                       {0x1.ae7f3e733b81fp-45, 0x1.1d8656b0ee8cbp-101},
                                                       {0x1.952c77030ad4ap-49, 0x1.ac981465ddc6cp-103},
                                                       {0x1.6827863b97d97p-53, 0x1.eec01221a8b0bp-107},
                                                       {0x1.2f49b46814157p-57, 0x1.2650f61dbdcb4p-112},
                                                       {0x1.e542ba4020225p-62, 0x1.ea72b4afe3c2fp-120},
                                                       {0x1.71b8ef6dcf572p-66, -0x1.d043ae40c4647p-120},
                                                       {0x1.0ce396db7f853p-70, -0x1.aebcdbd20331cp-124},
                                                       {0x1.761b41316381ap-75, -0x1.3423c7d91404fp-130},
                                                       {0x1.f2cf01972f578p-80, -0x1.9ada5fcc1ab14p-135},
                                                       {0x1.3f3ccdd165fa9p-84, -0x1.58ddadf344487p-139},
                                                       {0x1.88e85fc6a4e5ap-89, -0x1.71c37ebd1654p-143},
                                                       {0x1.d1ab1c2dccea3p-94, 0x1.054d0c78aea14p-149},
                                                       {0x1.0a18a2635085dp-98, 0x1.b9e2e28e1aa54p-153},
                                                       {0x1.259f98b4358adp-103, 0x1.eaf8c39dd9bc5p-157},
                                                       {0x1.3932c5047d60ep-108, 0x1.832b7b530a627p-162}};

/// 1 / (2 j + 1) for j = 0 .. 89.
inline constexpr DoubleDouble odd_reciprocal[90] = {{0x1p+0, 0x0p+0},
                                                    {0x1.5555555555555p-2, 0x1.5555555555555p-56},
                                                    {0x1.999999999999ap-3, -0x1.999999999999ap-57},
                                                    {0x1.2492492492492p-3, 0x1.2492492492492p-57},
                                                    {0x1.c71c71c71c71cp-4, 0x1.c71c71c71c71cp-58},
                                                    {0x1.745d1745d1746p-4, -0x1.745d1745d1746p-59},
                                                    {0x1.3b13b13b13b14p-4, -0x1.3b13b13b13b14p-58},
                                                    {0x1.1111111111111p-4, 0x1.1111111111111p-60},
                                                    {0x1.e1e1e1e1e1e1ep-5, 0x1.e1e1e1e1e1e1ep-61},
                                                    {0x1.af286bca1af28p-5, 0x1.af286bca1af28p-59},
                                                    {0x1.8618618618618p-5, 0x1.8618618618618p-59},
                                                    {0x1.642c8590b2164p-5, 0x1.642c8590b2164p-60},
                                                    {0x1.47ae147ae147bp-5, -0x1.eb851eb851eb8p-61},
                                                    {0x1.2f684bda12f68p-5, 0x1.2f684bda12f68p-59},
                                                    {0x1.1a7b9611a7b96p-5, 0x1.1a7b9611a7b96p-61},
                                                    {0x1.0842108421084p-5, 0x1.0842108421084p-60},
                                                    {0x1.f07c1f07c1f08p-6, -0x1.f07c1f07c1f08p-61},
                                                    {0x1.d41d41d41d41dp-6, 0x1.075075075075p-60},
                                                    {0x1.bacf914c1badp-6, -0x1.bacf914c1badp-60},
                                                    {0x1.a41a41a41a41ap-6, 0x1.069069069069p-60},
                                                    {0x1.8f9c18f9c18fap-6, -0x1.f3831f3831f38p-61},
                                                    {0x1.7d05f417d05f4p-6, 0x1.7d05f417d05f4p-62},
                                                    {0x1.6c16c16c16c17p-6, -0x1.f49f49f49f49fp-61},
                                                    {0x1.5c9882b931057p-6, 0x1.310572620ae4cp-61},
                                                    {0x1.4e5e0a72f0539p-6, 0x1.e0a72f0539783p-60},
                                                    {0x1.4141414141414p-6, 0x1.4141414141414p-62},
                                                    {0x1.3521cfb2b78c1p-6, 0x1.a90e7d95bc60ap-61},
                                                    {0x1.29e4129e4129ep-6, 0x1.04a7904a7904ap-60},
                                                    {0x1.1f7047dc11f7p-6, 0x1.1f7047dc11f7p-60},
                                                    {0x1.15b1e5f75270dp-6, 0x1.15b1e5f75270dp-64},
                                                    {0x1.0c9714fbcda3bp-6, -0x1.f79b47582192ep-61},
                                                    {0x1.041041041041p-6, 0x1.041041041041p-60},
                                                    {0x1.f81f81f81f82p-7, -0x1.f81f81f81f82p-61},
                                                    {0x1.e9131abf0b767p-7, 0x1.503d226357e17p-62},
                                                    {0x1.dae6076b981dbp-7, -0x1.9f89467e251ap-63},
                                                    {0x1.cd85689039b0bp-7, -0x1.76fc64f52edf9p-62},
                                                    {0x1.c0e070381c0ep-7, 0x1.c0e070381c0ep-61},
                                                    {0x1.b4e81b4e81b4fp-7, -0x1.f92c5f92c5f93p-61},
                                                    {0x1.a98ef606a63bep-7, -0x1.f959c427e5671p-61},
                                                    {0x1.9ec8e951033d9p-7, 0x1.d2a2067b23a54p-63},
                                                    {0x1.948b0fcd6e9ep-7, 0x1.948b0fcd6e9ep-61},
                                                    {0x1.8acb90f6bf3aap-7, -0x1.721ed7e75346fp-61},
                                                    {0x1.8181818181818p-7, 0x1.8181818181818p-63},
                                                    {0x1.78a4c8178a4c8p-7, 0x1.78a4c8178a4c8p-63},
                                                    {0x1.702e05c0b817p-7, 0x1.702e05c0b817p-62},
                                                    {0x1.6816816816817p-7, -0x1.fa5fa5fa5fa6p-61},
                                                    {0x1.6058160581606p-7, -0x1.fa7e9fa7e9fa8p-61},
                                                    {0x1.58ed2308158edp-7, 0x1.1840ac7691841p-62},
                                                    {0x1.51d07eae2f815p-7, 0x1.d07eae2f8151dp-63},
                                                    {0x1.4afd6a052bf5bp-7, -0x1.fad40a57eb503p-61},
                                                    {0x1.446f86562d9fbp-7, -0x1.1be1958b67ebcp-63},
                                                    {0x1.3e22cbce4a902p-7, 0x1.f1165e7254814p-61},
                                                    {0x1.3813813813814p-7, -0x1.fb1fb1fb1fb2p-61},
                                                    {0x1.323e34a2b10bfp-7, 0x1.9b8396ba9de81p-61},
                                                    {0x1.2c9fb4d812cap-7, -0x1.2c9fb4d812cap-61},
                                                    {0x1.27350b8812735p-7, 0x1.71024e6a17102p-64},
                                                    {0x1.21fb78121fb78p-7, 0x1.21fb78121fb78p-63},
                                                    {0x1.1cf06ada2811dp-7, -0x1.f2a4bafdc61f3p-64},
                                                    {0x1.1811811811812p-7, -0x1.fb9fb9fb9fbap-61},
                                                    {0x1.135c81135c811p-7, 0x1.ae4089ae4089bp-62},
                                                    {0x1.0ecf56be69c9p-7, -0x1.0ecf56be69c9p-62},
                                                    {0x1.0a6810a6810a7p-7, -0x1.fbd65fbd65fbdp-61},
                                                    {0x1.0624dd2f1a9fcp-7, -0x1.89374bc6a7efap-63},
                                                    {0x1.0204081020408p-7, 0x1.0204081020408p-63},
                                                    {0x1.fc07f01fc07fp-8, 0x1.fc07f01fc07fp-64},
                                                    {0x1.f44659e4a4271p-8, 0x1.5fc17734c36b8p-62},
                                                    {0x1.ecc07b301eccp-8, 0x1.ecc07b301eccp-62},
                                                    {0x1.e573ac901e574p-8, -0x1.4dbf86a314dcp-62},
                                                    {0x1.de5d6e3f8868ap-8, 0x1.1c077975b8fe2p-62},
                                                    {0x1.d77b654b82c34p-8, -0x1.ba03aef6ca97p-62},
                                                    {0x1.d0cb58f6ec074p-8, 0x1.96b1edd80e866p-63},
                                                    {0x1.ca4b3055ee191p-8, 0x1.ca4b3055ee191p-68},
                                                    {0x1.c3f8f01c3f8fp-8, 0x1.c3f8f01c3f8fp-64},
                                                    {0x1.bdd2b899406f7p-8, 0x1.2b899406f74aep-62},
                                                    {0x1.b7d6c3dda338bp-8, 0x1.579fc90527845p-63},
                                                    {0x1.b2036406c80d9p-8, 0x1.b2036406c80d9p-68},
                                                    {0x1.ac5701ac5701bp-8, -0x1.d47f29d47f29dp-63},
                                                    {0x1.a6d01a6d01a6dp-8, 0x1.a6d01a6d01a6dp-68},
                                                    {0x1.a16d3f97a4b02p-8, -0x1.7a4b01a16d3f9p-62},
                                                    {0x1.9c2d14ee4a102p-8, -0x1.8f4bac46d7bfap-62},
                                                    {0x1.970e4f80cb872p-8, 0x1.f01970e4f80ccp-62},
                                                    {0x1.920fb49d0e229p-8, -0x1.533d406483ed2p-63},
                                                    {0x1.8d3018d3018d3p-8, 0x1.8d3018d3018d3p-68},
                                                    {0x1.886e5f0abb04ap-8, -0x1.ad38b7f3bc8dp-62},
                                                    {0x1.83c977ab2beddp-8, 0x1.4731fcf86d10bp-63},
                                                    {0x1.7f405fd017f4p-8, 0x1.7f405fd017f4p-62},
                                                    {0x1.7ad2208e0ecc3p-8, 0x1.516324fe852dep-62},
                                                    {0x1.767dce434a9b1p-8, 0x1.767dce434a9b1p-68},
                                                    {0x1.724287f46debcp-8, 0x1.724287f46debcp-66},
                                                    {0x1.6e1f76b4337c7p-8, -0x1.a75461405b87ep-63}};

}  // namespace capnode::constants
