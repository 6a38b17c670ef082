# Makes a script smaller without understanding it: compact_script(text_variable).
# Takes out lines that are nothing but a comment, indentation, empty lines, spaces beside
# punctuation and operators, and line ends where a statement cannot end or its end shows otherwise.
# The script has to keep to this: no comment behind code, no text over several lines, no loop
# without a body, a semicolon after each statement, and in texts no space beside such punctuation
# (library.test.mjs holds it to that).
# As a program:  cmake -DINPUT=script.js -DOUTPUT=small.js -P compact.cmake

function(compact_script variable)
    set(text "\n${${variable}}")
    string(REGEX REPLACE "\n *//[^\n]*" "" text "${text}")
    string(REGEX REPLACE "\n[\n ]+" "\n" text "${text}")
    string(REGEX REPLACE " *([=,{}();:?<>&|!*]) *" "\\1" text "${text}")
    string(REGEX REPLACE " *([-+/]) +([a-z0-9])" "\\1\\2" text "${text}")
    string(REGEX REPLACE "[,;]?\n}" "}" text "${text}")
    string(REGEX REPLACE "([{(,;])\n" "\\1" text "${text}")
    string(REGEX REPLACE "^\n" "" text "${text}")
    set(${variable} "${text}" PARENT_SCOPE)
endfunction()

if(CMAKE_SCRIPT_MODE_FILE STREQUAL CMAKE_CURRENT_LIST_FILE)
    file(READ "${INPUT}" script)
    compact_script(script)
    file(WRITE "${OUTPUT}" "${script}")
endif()
