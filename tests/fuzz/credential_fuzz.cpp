#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "access/key_set.h"
#include "access/password_hash.h"
#include "access/token.h"
#include "access/token_verifier.h"

// Tokens come from anyone, key files and password files from the operator: of any content they are
// read or refused, and no token is valid that the key did not sign.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace rtbridge;
    static const auto keys = KeySet::parse("a secret that the fuzzer is not told, of 32 bytes");
    static const JwtConfig issuer = [] {
        JwtConfig jwt;
        jwt.algorithms = {"HS256", "HS384", "HS512"};
        return jwt;
    }();
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    (void)KeySet::parse(text).ok();
    (void)PasswordHash::parse(text).ok();
    const Result<Token, std::string> token = parse_token(text);
    if (!token.ok()) return 0;
    std::vector<TokenCheck> checks;
    if (verify_token(token.value(), issuer, keys.value(), 1'700'000'000, checks).ok()) {
        __builtin_trap();
    }
    return 0;
}
