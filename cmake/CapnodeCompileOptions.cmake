# What every file that includes our headers is compiled with. A proof rests on these flags: contraction of a*b+c into a
# fused multiply-add would change error-free transformations, and fast-math would delete them.
function(capnode_compile_options target)
  target_compile_options(${target} PUBLIC -ffp-contract=off -fno-fast-math)
  target_compile_options(${target} PRIVATE -Wall -Wextra -Wshadow -Wnon-virtual-dtor -Wconversion -Wno-sign-conversion)
  if(CAPNODE_WERROR)
    target_compile_options(${target} PRIVATE -Werror)
  endif()
  if(CAPNODE_SANITIZE)
    target_compile_options(${target} PUBLIC -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer -g)
    target_link_options(${target} PUBLIC -fsanitize=address,undefined)
    target_compile_definitions(${target} PUBLIC CAPNODE_SANITIZE=1)
  endif()
endfunction()
