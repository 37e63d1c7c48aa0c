/* Public vectors. Messages and keys: github.com/cose-wg/Examples (sign1-tests/sign-pass-01, sign-pass-03,
 * sign-fail-04; eddsa-examples/eddsa-sig-01). Thumbprint: RFC 9679, section 6. */
#ifndef VECTORS_COSE_H
#define VECTORS_COSE_H

/* {1: 2, -1: 1, -2: x, -3: y} of the key "11". */
#define COSE_WG_P256_KEY                                                                                     \
    "a401022001215820bac5b11cad8f99f9c72b05cf4b9e26d244dc189f745228255a219a86d6a09eff22582020138bf82dc1b6"   \
    "d562be0fa54ab7804a3a64b6d72ccfed6b6fb6ed28bbfc117e"
/* {1: 1, -1: 6, -2: x} */
#define COSE_WG_ED25519_KEY "a301012006215820d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"

/* The protected map is h'a0', alg stands outside it, and h'' is what was signed. */
#define COSE_WG_SIGN_PASS_01                                                                                 \
    "d28441a0a201260442313154546869732069732074686520636f6e74656e742e584087db0d2e5571843b78ac33ecb2830df7"   \
    "b6e0a4d5b7376de336b23c591c90c425317e56127fbe04370097ce347087b233bf722b64072beb4486bda4031d27244f"
/* No tag. */
#define COSE_WG_SIGN_PASS_03                                                                                 \
    "8443a10126a10442313154546869732069732074686520636f6e74656e742e58408eb33e4ca31d1c465ab05aac34cc6b23d5"   \
    "8fef5c083106c4d25a91aef0b0117e2af9a291aa32e14ab834dc56ed2a223444547e01f11d3b0916e5a4c345cacb36"
/* alg is the text "unknown". */
#define COSE_WG_SIGN_FAIL_04                                                                                 \
    "d2844aa10167756e6b6e6f776ea10442313154546869732069732074686520636f6e74656e742e58408eb33e4ca31d1c465a"   \
    "b05aac34cc6b23d58fef5c083106c4d25a91aef0b0117e2af9a291aa32e14ab834dc56ed2a223444547e01f11d3b0916e5a4"   \
    "c345cacb36"
/* EdDSA, and a content type beside alg. */
#define COSE_WG_EDDSA_SIG_01                                                                                 \
    "d28445a201270300a10442313154546869732069732074686520636f6e74656e742e58407142fd2ff96d56db85bee905a76b"   \
    "a1d0b7321a95c8c4d3607c5781932b7afb8711497dfa751bf40b58b3bcc32300b1487f3db34085eef013bf08f4a44d6fef0d"

#define RFC9679_X          "65eda5a12577c2bae829437fe338701a10aaa375e1bb5b5de108de439c08551d"
#define RFC9679_Y          "1e52ed75701163f7f9e40ddf9f341b3dc9ba860af7e0ca7ca7e9eecd0084d19c"
#define RFC9679_THUMBPRINT "496bd8afadf307e5b08c64b0421bf9dc01528a344a43bda88fadd1669da253ec"

#endif
