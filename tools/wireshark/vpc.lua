-- SPDX-License-Identifier: GPL-2.0
--
-- VPC overlay: what the TLV in an IPv6 Destination Options header says.
-- Documentation/wire-format.rst has the layouts.
--
-- tshark -X lua_script:vpc.lua ..., or a copy in Wireshark's plugin directory.

local vpc = Proto("vpc", "VPC overlay")

local forms = {
	[4] = "whole", [12] = "IPv4", [16] = "IPv4 full", [20] = "IPv6 short", [36] = "IPv6",
}
-- Hdr Ext Len of each form.
local header_lengths = { [4] = 0, [12] = 1, [16] = 2, [20] = 2, [36] = 4 }

local f = {
	option = ProtoField.uint8("vpc.option", "Option type", base.HEX),
	form = ProtoField.uint8("vpc.form", "Form", base.DEC, forms),
	hops = ProtoField.uint8("vpc.hops", "Tenant's TTL or hop limit", base.DEC),
	id = ProtoField.uint24("vpc.id", "VPC id", base.DEC),
	src4 = ProtoField.ipv4("vpc.src4", "Overlay source"),
	dst4 = ProtoField.ipv4("vpc.dst4", "Overlay destination"),
	src6 = ProtoField.ipv6("vpc.src6", "Overlay source"),
	dst6 = ProtoField.ipv6("vpc.dst6", "Overlay destination"),
	src = ProtoField.string("vpc.src", "Overlay source"),
	dst = ProtoField.string("vpc.dst", "Overlay destination"),
	ident = ProtoField.uint16("vpc.ip_id", "Identification", base.HEX),
	reserved = ProtoField.bool("vpc.flags.rb", "Reserved bit", 16, nil, 0x8000),
	df = ProtoField.bool("vpc.flags.df", "Don't fragment", 16, nil, 0x4000),
	mf = ProtoField.bool("vpc.flags.mf", "More fragments", 16, nil, 0x2000),
	offset = ProtoField.uint16("vpc.frag_offset", "Fragment offset", base.DEC, nil, 0x1fff),
}
vpc.fields = f

local bad = {
	form = ProtoExpert.new("vpc.bad_form", "Opt Data Len is no form", expert.group.MALFORMED,
		expert.severity.ERROR),
	header = ProtoExpert.new("vpc.bad_header", "Hdr Ext Len does not fit the form",
		expert.group.MALFORMED, expert.severity.ERROR),
	padding = ProtoExpert.new("vpc.bad_padding", "The padding is no PadN with two zero bytes",
		expert.group.MALFORMED, expert.severity.ERROR),
	hops = ProtoExpert.new("vpc.bad_hops", "Hops is not 0 in the whole form",
		expert.group.PROTOCOL, expert.severity.WARN),
	id = ProtoExpert.new("vpc.bad_id", "The VPC id is reserved", expert.group.PROTOCOL,
		expert.severity.WARN),
}
vpc.experts = bad

vpc.prefs.option = Pref.uint("Option type", 0xde, "The option type of the fabric's edges")

local dstopts = Field.new("ipv6.dstopts")
local outer_dst = Field.new("ipv6.dst")

-- Add a pair of addresses, and say in text what they are.
local function add_addresses(tree, version, src, dst)
	local from, to

	if version == 4 then
		tree:add(f.src4, src)
		from = tostring(src:ipv4())
		to = dst and tostring(dst:ipv4())
		if dst then tree:add(f.dst4, dst) end
	else
		tree:add(f.src6, src)
		from = tostring(src:ipv6())
		to = dst and tostring(dst:ipv6())
		if dst then tree:add(f.dst6, dst) end
	end
	tree:add(f.src, src, from):set_generated()
	if dst then
		tree:add(f.dst, dst, to):set_generated()
	end
	return from, to
end

-- The short form leaves out the destination: it is the fabric's.
local function add_short(tree, src)
	local from = add_addresses(tree, 6, src)
	local all = { outer_dst() }
	local to = tostring(all[#all].value)

	tree:add(f.dst6, all[#all].range):set_generated()
	tree:add(f.dst, to):set_generated()
	return from, to
end

local function add_full(tree, rest)
	tree:add(f.ident, rest(0, 2))
	tree:add(f.reserved, rest(2, 2))
	tree:add(f.df, rest(2, 2))
	tree:add(f.mf, rest(2, 2))
	tree:add(f.offset, rest(2, 2))
	if rest(4, 4):uint() ~= 0x01020000 then
		tree:add_proto_expert_info(bad.padding)
	end
end

local function dissect(header, tree, pinfo)
	local len = header(3, 1):uint()
	local hops, id = header(4, 1), header(5, 3)
	local from, to

	tree:add(f.option, header(2, 1))
	tree:add(f.form, header(3, 1))
	if not forms[len] then
		tree:add_proto_expert_info(bad.form)
		return
	end
	if header(1, 1):uint() ~= header_lengths[len] then
		tree:add_proto_expert_info(bad.header)
		return
	end
	tree:add(f.hops, hops)
	tree:add(f.id, id)
	if id:uint() == 0 or id:uint() == 0xffffff then
		tree:add_proto_expert_info(bad.id)
	end
	if len == 12 or len == 16 then
		from, to = add_addresses(tree, 4, header(8, 4), header(12, 4))
	elseif len == 36 then
		from, to = add_addresses(tree, 6, header(8, 16), header(24, 16))
	elseif len == 20 then
		from, to = add_short(tree, header(8, 16))
	elseif hops:uint() ~= 0 then
		tree:add_proto_expert_info(bad.hops)
	end
	if len == 16 then
		add_full(tree, header(16, 8))
	end
	tree:append_text(string.format(": VPC %d, %s form", id:uint(), forms[len]))
	if from then
		tree:append_text(string.format(", %s > %s", from, to))
		pinfo.cols.info:prepend(string.format("[VPC %d %s > %s] ", id:uint(), from, to))
	else
		pinfo.cols.info:prepend(string.format("[VPC %d] ", id:uint()))
	end
end

function vpc.dissector(tvb, pinfo, root)
	for _, field in ipairs({ dstopts() }) do
		local header = field.range

		if header:len() >= 8 and header(2, 1):uint() == vpc.prefs.option then
			dissect(header, root:add(vpc, header), pinfo)
		end
	end
end

register_postdissector(vpc)
