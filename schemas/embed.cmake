# SPDX-FileCopyrightText: The rekapd authors
# SPDX-License-Identifier: MIT
#
# rekap_embed(OUTPUT PATTERN...): generates a C file that holds the bytes of all files that match (schemas/embedded.h declares the table).
# As a script (cmake -DOUTPUT=... -DROOT=... -DFILES=... -P embed.cmake) it writes that file.
if(CMAKE_SCRIPT_MODE_FILE)
	string(REPLACE "|" ";" FILES "${FILES}")
	set(text "#include \"schemas/embedded.h\"\n\n")
	set(table "")
	set(n 0)
	foreach(file IN LISTS FILES)
		file(READ ${ROOT}/${file} bytes HEX)
		string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${bytes}")
		string(APPEND text "static const unsigned char file_${n}[] = {${bytes}0};\n")
		string(APPEND table "\t{\"${file}\", (const char *)file_${n}, sizeof file_${n} - 1},\n")
		math(EXPR n "${n} + 1")
	endforeach()
	string(APPEND text "\nconst struct embedded_file embedded_files[] = {\n${table}};\nconst size_t embedded_files_n = ${n};\n")
	file(WRITE ${OUTPUT} "${text}")
	return()
endif()

function(rekap_embed output)
	set(files "")
	foreach(pattern IN LISTS ARGN)
		file(GLOB found CONFIGURE_DEPENDS RELATIVE ${PROJECT_SOURCE_DIR} ${PROJECT_SOURCE_DIR}/${pattern})
		list(SORT found)
		list(APPEND files ${found})
	endforeach()
	list(JOIN files "|" joined)
	list(TRANSFORM files PREPEND ${PROJECT_SOURCE_DIR}/ OUTPUT_VARIABLE depends)
	add_custom_command(OUTPUT ${PROJECT_BINARY_DIR}/generated/${output}
		COMMAND ${CMAKE_COMMAND} -DOUTPUT=${PROJECT_BINARY_DIR}/generated/${output} -DROOT=${PROJECT_SOURCE_DIR} "-DFILES=${joined}" -P ${PROJECT_SOURCE_DIR}/schemas/embed.cmake
		DEPENDS ${depends} ${PROJECT_SOURCE_DIR}/schemas/embed.cmake VERBATIM)
endfunction()
