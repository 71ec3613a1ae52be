# Starts processes that leave their process group, and becomes another program.
#
#     sh scatter.sh FILE PROGRAM ARGUMENT...
#
# FILE gets the numbers of the processes.
file=$1
shift
# An orphan in a session of its own.
(setsid sleep 1000 >/dev/null 2>&1 & echo $! >"$file")
# Another, with a child that has an environment of its own. It closes its output when both are there.
family='env -i sleep 1000 >/dev/null & echo $!; echo $$; exec >/dev/null; wait'
numbers=$( (setsid sh -c "$family" 2>/dev/null &) )
echo "$numbers" >>"$file"
exec "$@"
