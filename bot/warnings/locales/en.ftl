# What forewarn says in English. Telegram HTML: <b>, <i>, <code> may be used.

language-name = English

tone-negative = negative
tone-neutral = neutral
tone-positive = positive

emotion-anger = anger
emotion-disgust = disgust
emotion-fear = fear
emotion-joy = joy
emotion-sadness = sadness
emotion-surprise = surprise

## Warnings

feeling = { " " }({ $emotions })
gentle-negative = 🌧 This one sounds <b>negative</b>{ $feeling }. Take a breath before you press play.
gentle-neutral = 🌤 This one sounds <b>neutral</b>. Nothing to brace for.
gentle-positive = ☀️ This one sounds <b>positive</b>{ $feeling }. Enjoy!
gentle-unsure = 🌫 I'm not sure about this one. If anything, it sounds <b>{ $tone }</b>.

brief-negative = 🌧 <b>negative</b> · { $percent }%
brief-neutral = 🌤 <b>neutral</b> · { $percent }%
brief-positive = ☀️ <b>positive</b> · { $percent }%
brief-unsure = 🌫 not sure · perhaps <b>{ $tone }</b>

detailed-emotions = Emotions: { $emotions }
detailed-timeline = Over time: { $timeline }

## Excuses

excuse-button = 🎧 An excuse, please
excuse-offer = Here is one to send. Tap it to copy:

    <code>{ $excuse }</code>
excuse-from = { $name }: { $excuse }
excuse-gone = This button is too old. Ask again with /tone as a reply to the note.
excuse-copy = 📋 Copy
excuse-negative-1 = Got your message. I want to listen to it in peace and give you a proper answer. Tonight, all right?
excuse-negative-2 = I see your voice note. I can't give it the attention it deserves just now; I'll come back to you later today.
excuse-negative-3 = I'm in the middle of something and don't want to answer in haste. Can we talk about it this evening?
excuse-negative-4 = Thank you for telling me. Give me a little time to listen and think, and I'll get back to you.
excuse-negative-5 = I'm among people right now and would rather hear you out in private. I'll listen as soon as I'm alone.
excuse-negative-6 = I'd like to answer this calmly. Is it all right if I call you later?
excuse-long-1 = I've no headphones with me right now. Could you write it in two lines?
excuse-long-2 = I'm among people and can't listen just now. Could you type the gist?
excuse-long-3 = My sound is off for a while. Is it urgent? A short text would help.
excuse-long-4 = I'll listen properly tonight. If it can't wait, please write me.
excuse-long-5 = I'm on the go and won't get to a long voice note soon. What's the main point?
excuse-long-6 = That's a long one! I'll listen when I'm home. Anything I should know before that?

## Notes that cannot be judged

unusable-empty = This note is empty: there is no sound in it. Could it be sent again?
unusable-not_audio = I can't read this as audio. Please send a voice note, a video note or an audio file (OGG, MP3, M4A, FLAC, WAV).
unusable-no_sound_track = This video has no sound, so there is nothing to listen to.
unusable-damaged = This file is damaged and I can't get any sound out of it. Could it be sent again?
unusable-too_long = This one is too long for me: I listen to up to { $minutes } minutes. Please send a shorter part.
unusable-too_slow = This file takes too long to open. Please send it as a plain voice note or MP3.
unusable-no_words = I hear no words in this note.
unusable-unknown_language = I can't make out the language. I understand English and Russian; if it is one of these, choose it in /settings.
unusable-too_big = This file is over { $megabytes } MB, more than I can fetch. Please send a shorter note.
unusable-unreachable = I couldn't fetch this note from Telegram. Please forward it to me again.
business-unusable = I can't tell the tone of this note: { $reason ->
        [empty] it is empty.
        [no_words] I hear no words in it.
        [no_sound_track] it has no sound.
        [too_long] it is too long for me.
        [too_big] its file is too big for me to fetch.
        [unknown_language] I can't make out its language.
        [unreachable] I couldn't fetch it from Telegram.
       *[other] it can't be read.
    }
business-stale = I was away for a while, so I said nothing of older notes from your contacts.
unusable-failed = Something went wrong on my side with this note. Please try again in a minute.
stale-notes = I was away for a while and skipped the older notes here. Forward one to me, or reply to it with /tone, and I'll listen.

## Commands

start =
    Hi! I tell you the tone of a voice message <b>before you press play</b>.

    Forward me a voice note, a video note or an audio file, and I'll say if it sounds negative, neutral or positive.

    Add me to a group and I'll do the same under its voice notes. /settings picks how I warn. What is said stays on the machine I run on, and none of it is kept: /privacy.
start-group =
    Hi! I tell the tone of voice notes <b>before you press play</b>: negative, neutral or positive. Reply to a note with /tone; where I can see the notes, I warn under each one. /settings picks how.
help =
    <b>What I do</b>
    • A voice note, video note or audio file, sent or forwarded to me → its tone.
    • Connected to your own account (Telegram → Settings → Telegram Business → Chatbots) → a private warning, here, when a contact sends you a voice note.
    • In a group → a warning under voice notes, if I can see them. /tone as a reply always works.
    • /tone as a reply to a note or a text → its tone, now.{ $elsewhere }

    <b>Commands</b>
    /settings – how and when I warn, and in which language
    /check – how your own voice note will sound, before you send it (in private)
    /stats – the tones of the last two weeks
    /doctor – whether I can do my work here
    /privacy – what I keep (very little); /mydata shows all of it (in private)
    /optout – no warnings about your own notes, in any chat; /optin undoes it
    /forget – delete what I keep of this chat
help-command-start = what I do
help-command-tone = the tone of the note or text you reply to
help-command-settings = how and when I warn
help-command-help = how to use me
help-command-privacy = what I keep
help-command-forget = delete what I keep of this chat
privacy =
    <b>Privacy</b>
    • I listen on the machine I run on. Nothing that you send me goes to any other service.
    • Audio and words live in memory while I judge a note, then they are gone. They are never written to a disk or a log.
    • I keep, for up to { $days } { $days ->
        [one] day
       *[other] days
    }: the tone and scores of notes, so that a note heard once is known again, and its file, message and sender numbers and the sender's language, so that none is answered twice. And this chat's settings.
    • If you press “Wrong?”, I keep that verdict and your correction, until /forget.
    • /mydata sends you all that I keep about you. /forget deletes what I keep of this chat.
    • /optout: nobody gets a warning about your notes any more, in any chat. For that I keep your number, and nothing else.
privacy-business =
    • You connected me to your account, so I also keep: that you did, and whom you muted, until you disconnect me; for up to { $days } { $days ->
        [one] day
       *[other] days
    }, the first name of a contact beside the numbers of a note they sent you.
forgotten = Done. The settings, verdicts, corrections and message numbers of this chat are deleted.
forgotten-business = Telegram still connects me to your account, so the next note of a contact will be heard again. To end that: Telegram → Settings → Telegram Business → Chatbots.
forget-admins-only = Only this group's admins can delete what I keep of it.

private-hint = Send or forward me a voice note, a video note or an audio file, and I'll tell you its tone. For a text, reply to it with /tone.
tone-how = Reply with /tone to a voice note or a text, and I'll tell you its tone.
tone-nothing = There is nothing in that message that I could judge: no voice and no text.

## Telegram Business: someone's own account

business-connected =
    I'm connected to your account now. When a contact sends you a voice note or a video note, I'll tell you its tone here, <b>before you press play</b>.

    • Only you see that. I never write in your name, mark nothing as read, and your contacts notice nothing; I need none of the permissions that Telegram offers me.
    • What they say stays on the machine I run on, and none of it is kept: /privacy.
    • /settings picks how and when I warn; a button under each warning mutes its contact.
    • To stop: Telegram → Settings → Telegram Business → Chatbots.
business-disconnected = I'm no longer connected to your account. What I kept because of it is deleted.
mute-button = 🔕 Mute { $name }
unmute-button = 🔔 Unmute { $name }
contact-muted = You'll hear nothing more of their notes.
contact-unmuted = You'll hear of their notes again.

## Groups

joined-sees-all = Thanks for having me! I'll say under each voice note here how it sounds. Admins: /settings picks when and how (a reaction, only negative ones, …).
joined-sees-commands =
    Thanks for having me! Telegram's privacy mode hides this group's voice notes from me, so for now reply to a note with /tone.

    To let me warn under every note: make me an admin, or in @BotFather choose /setprivacy → Disable and add me here again.

no-rights = In <b>{ $group }</b> I may not write, so my warnings are lost there. Please allow me to send messages (group info → Permissions), or remove me from the group.

## Settings

settings =
    <b>Settings</b>{ $scope }

    Each button shows what holds now; tap one to change it. A warning looks like this:

    { $preview }
settings-style = 🎨 Style: { $choice }
settings-when = 🔔 Warn: { $choice }
settings-sensitivity = 🎚 Sensitivity: { $choice }
settings-transcript = 💬 Words: { $choice }
settings-quiet = 🌙 Silent: { $choice }
settings-delete_after = 🧹 Delete warnings: { $choice }
settings-language = 🌐 Language: { $choice }
settings-business = 💼 Contacts' notes: { $choice }
settings-back = ‹ Back
settings-style-about =
    <b>Style</b>
    A warning looks like this:

    { $preview }
settings-when-about =
    <b>When I warn</b>
    • <b>always</b>: of every voice note
    • <b>not neutral</b>: of negative and positive ones
    • <b>negative only</b>
    • <b>only on /tone</b>: I listen to nothing and say nothing until someone replies to a note with /tone. In a private chat with me it is the same, and of your contacts' notes you hear nothing.
settings-sensitivity-about =
    <b>Sensitivity</b>
    How readily a note counts as negative here. “Wrong?” under a warning moves it too, a little with each press.

    { $taught }
settings-transcript-about =
    <b>The words of a note</b>
    I keep no words. With a button, whoever presses it sees them, and I listen again for that. The words that decided the tone are bold. Reactions and digests show none.

    { $preview }
settings-quiet-about =
    <b>Silent hours</b>
    At these hours my warnings arrive without a sound.

    My clock for you says <b>{ $clock }</b> (UTC{ $offset }). If that is wrong, set it with − and +.
settings-delete_after-about =
    <b>Delete my warnings</b>
    My warnings, and words that I showed on a button, disappear after this time. It counts for those to come.
settings-language-about =
    <b>Language</b>
    The language I speak here, and the one I expect in voice notes. I still notice when somebody speaks the other.
settings-business-about =
    <b>Notes from your contacts</b>
    When a contact sends your account a voice note, I warn you here, privately.
settings-on-button = <i>[{ $button }]</i>
settings-scope-group = { " " }of this group
settings-preview-reaction = { $reaction } as a reaction to the note
settings-preview-transcript = I can't believe you forgot again!
settings-style-gentle = gentle
settings-style-brief = brief
settings-style-detailed = detailed
settings-style-reaction = reaction only
settings-style-digest = digest, one message for several
settings-when-always = always
settings-when-not_neutral = not neutral
settings-when-negative = negative only
settings-when-on_tone = only on /tone
settings-sensitivity-lower = fewer negatives
settings-sensitivity-normal = usual
settings-sensitivity-higher = more negatives
settings-transcript-off = hidden
settings-transcript-button = on a button
settings-transcript-spoiler = under a spoiler
settings-transcript-shown = shown
settings-language-auto = auto
settings-quiet-off = never
settings-quiet-22-8 = 22–8
settings-quiet-23-7 = 23–7
settings-quiet-always = always
settings-clock-back = − 1 h
settings-clock-on = + 1 h
settings-delete_after-never = never
settings-delete_after-10m = after 10 min
settings-delete_after-1h = after 1 h
settings-delete_after-24h = after 24 h
settings-business-on = warn me
settings-business-off = say nothing
settings-unmute-all = 🔔 Unmute { $count ->
        [one] { $count } contact
       *[other] all { $count } contacts
    }
settings-done = Done
settings-saved = Saved.
settings-closed = Settings saved. /settings opens them again.
settings-admins-only = Only this group's admins can change these.

## The words of a note, on a button; digests

reveal-button = 👁 Show the words
reveal-listening = Listening again…
reveal-slow = Listening again… Press once more in a moment.
reveal-hidden = The settings here hide the words of notes now.
reveal-gone = I can't reach that note any more, so I can't show its words.
reveal-failed = I couldn't make out the words this time. Please try again in a minute.
reveal-decided = (What decided it: { $words })
digest = 🗂 <b>{ $count ->
        [one] { $count } voice note
       *[other] { $count } voice notes
    }</b>

## Waiting for a note

waiting-in-line = ⏳ You are { $place ->
        [1] next
        [2] second in line
        [3] third in line
        [4] fourth in line
        [5] fifth in line
       *[other] number { $place } in line
    }{ $left }.
waiting-listening = 🎧 Listening: { $percent }%{ $left }.
waiting-listening-long = 🎧 Listening: { $heard } of { $whole } minutes{ $left }.
waiting-seconds = , about { $seconds } seconds to go
waiting-minutes = , about { $minutes } { $minutes ->
        [one] minute
       *[other] minutes
    } to go
cancel-button = ✖️ Cancel
cancelled = Cancelled. I won't listen to this note.
cancel-not-yours = Only the one who asked can cancel this.
cancel-too-late = Too late: the answer is on its way.

## What people decide: whose notes are judged, what is kept, corrections, a note of one's own

optout-done = Done: from now on I won't tell anybody how your voice notes sound, in any chat. /optin if you change your mind.
optin-done = Welcome back! I may tell people how your voice notes sound again.
optout-who = I can't see who you are here. Send me that in a private chat, and I'll gladly do it.
unusable-declined = Whoever this is from asked me not to judge what they say, and I keep to that.
privacy-words = • You gave me the words of your own notes that you correct. Only these I keep, encrypted, until you take them back where you gave them, or /forget.
mydata-here = This is what I keep about you and our chat. Not in here: your notes in groups. Of those I keep file, message and sender numbers and your language, for { $days } { $days ->
        [one] day
       *[other] days
    } so that none is answered twice. /forget deletes what is in here; an /optout stays, and counts against limits end within a day.
mydata-in-private = That is between the two of us: please send me /mydata in a private chat.
forgotten-person = Done. The settings, verdicts and message numbers of this chat are deleted, and so are your corrections, those in groups included.
forgotten-optout = I still keep one number: yours, so that your notes stay unjudged. /optin deletes it.
settings-taught-nothing = “Wrong?” has taught me nothing here yet.
settings-taught-less = So far “Wrong?” has taught me to call <b>fewer</b> notes negative here ({ $count ->
        [one] { $count } correction
       *[other] { $count } corrections
    }).
settings-taught-more = So far “Wrong?” has taught me to call <b>more</b> notes negative here ({ $count ->
        [one] { $count } correction
       *[other] { $count } corrections
    }).
settings-taught-even = So far “Wrong?” has changed nothing here ({ $count ->
        [one] { $count } correction
       *[other] { $count } corrections
    }).
settings-unlearn = ↺ Forget what “Wrong?” taught
wrong-button = 🤔 Wrong?
wrong-back = ‹ Back
wrong-thanks = Thank you! I'll bear it in mind in this chat.
consent-question = May the one who runs this bot use your corrections to make it better? They hold tones and numbers, never a word of a note, and not who you are.
consent-yes = Yes, gladly
consent-no = No
consent-words = The words of my own notes too
consent-given = Thank you! Your corrections may help to make me better. You can change your mind here at any time.
consent-words-offer = Words help even more. If you like, I'll also keep what you say in notes that you recorded yourself and correct from now on: encrypted, and only the one who runs this bot can read it.
consent-words-given = Thank you! Of notes that you recorded yourself and correct from now on, I also keep the words, encrypted for the one who runs this bot. Press again to take them back: they are deleted at once.
consent-refused = All right, your corrections stay in this bot. You can change your mind here at any time.
check-question = 🎙 Record a voice note for me before you send it to anybody, and I'll tell you how it will sound.
check-placeholder = Your voice note
check-answer = <b>This is how your note will sound.</b>
check-in-private = Better in private: send me /check there, and nobody else hears your draft.
help-command-check = how your own note will sound, before you send it
help-command-mydata = all that I keep about you
help-command-optout = no warnings about your notes, in any chat
help-command-optin = warnings about your notes again

## Everywhere else: channels, chats the bot is not in, inline, its own profile

paid-media = That is paid media, and Telegram doesn't let me open it. I can only judge what anybody here could play.
joined-channel = Thanks for adding me to a channel! I never post there: all its readers would get it. Link a discussion group to the channel and add me to it, and I'll warn under the voice notes that appear there.
guest-help = • In a chat that I am not in: reply to a note with @{ $name } → its tone.
guest-listening = 🎧 Listening…
guest-how = Reply to a voice note or a text with my name, and I'll tell you its tone.
inline-title = Check a note…
inline-about = Telegram gives me no voice notes here. In our private chat I can listen to them.
inline-said = Before I play a voice note, or send one, I let a bot tell me how it sounds. 🎧
inline-button = 🎙 Check a note in our private chat
bot-description =
    Know the tone before you press play.

    Forward me a voice note, and I'll tell you if it sounds negative, neutral or positive. Add me to a group, and I'll do it under its voice notes. I can also check your own note before you send it.

    English and Russian. What is said stays on the machine I run on, and none of it is kept.
bot-short-description = Tells you the tone of a voice message before you press play. Nothing that is said is kept.

## What the operator sets

door-closed = I only work for people and groups that my owner has let in. The number to give them: <code>{ $chat }</code>
limit-user_notes = That's more than { $most } { $most ->
        [one] note
       *[other] notes
    } from you within an hour, and I have to leave time for others. I'll be back for yours in { $minutes } { $minutes ->
        [one] minute
       *[other] minutes
    }.
limit-chat_notes = That's more than { $most } { $most ->
        [one] note
       *[other] notes
    } in this chat within an hour, and I have to leave time for others. I'll be back in { $minutes } { $minutes ->
        [one] minute
       *[other] minutes
    }.
limit-chat_minutes = I've listened to { $most } { $most ->
        [one] minute
       *[other] minutes
    } of audio for this chat today, which is as much as I may. I'll be back after midnight (UTC).
admin =
    <b>forewarn { $version }</b>, up for { $uptime }

    <b>Engine</b>: { $engine }
    <b>Queue</b>: { $queue } { $queue ->
        [one] note
       *[other] notes
    }{ $oldest }
    <b>Today</b>: { $outcomes }
    <b>Memory</b>: { $memory } MB
    <b>Databases</b>: { $database } MB
    <b>Chats heard in { $days } days</b>: { $private } private, { $groups } { $groups ->
        [one] group
       *[other] groups
    }
admin-oldest = , the oldest { $age } old
span-seconds = { $count } { $count ->
        [one] second
       *[other] seconds
    }
span-minutes = { $count } { $count ->
        [one] minute
       *[other] minutes
    }
span-hours = { $count } { $count ->
        [one] hour
       *[other] hours
    }
span-days = { $count } { $count ->
        [one] day
       *[other] days
    }
help-command-admin = how the bot is doing

## /doctor

doctor =
    <b>How I am doing here</b>

    { $findings }
doctor-admins-only = Only this group's admins can ask me that.
doctor-sees = I see this group's voice notes.
doctor-sees-not = I don't see this group's voice notes: make me an admin; or in @BotFather choose /setprivacy → Disable, and add me here again. Until then, reply to a note with /tone.
doctor-writes = I may write here.
doctor-writes-not = I may not write here: allow me to send messages (group info → Permissions).
doctor-reactions = I may react here with all that I need.
doctor-reactions-unused = Some reactions are not allowed here ({ $missing }). That only matters if you choose the style “reaction only”.
doctor-reactions-missing = Some reactions are not allowed here ({ $missing }), so I use words instead: allow them (group info → Reactions), or choose another style in /settings.
doctor-privacy = In groups I see voice notes, admin or not.
doctor-privacy-not = In groups I see voice notes only where I am an admin; elsewhere, reply to a note with /tone. To change that: @BotFather → /setprivacy → Disable.
doctor-business = I can be connected to your account: Telegram → Settings → Telegram Business → Chatbots.
doctor-business-not = I can't be connected to your account. To change that: @BotFather → Bot Settings → Business Mode.
doctor-no-delay = Nobody is waiting: a note is heard at once.
doctor-delay = A note waits about { $seconds } { $seconds ->
        [one] second
       *[other] seconds
    } for its turn.
doctor-long-delay = A note waits about { $minutes } { $minutes ->
        [one] minute
       *[other] minutes
    } for its turn. It passes; if it happens often, I need a faster machine.
doctor-engine = I listen with { $engine }.
help-command-doctor = can I do my work here?

## /stats, and the notice of heat

stats = <b>The last { $days } days</b>: { $count } { $count ->
        [one] note
       *[other] notes
    }
stats-negative = { $count } negative
stats-neutral = { $count } neutral
stats-positive = { $count } positive
stats-busiest = Most on { $day }: { $count }
stats-heat-on = I spoke up { $count ->
        [one] once
       *[other] { $count } times
    } because notes were getting heated.
stats-heat-dry_run = I would have spoken up { $count ->
        [one] once
       *[other] { $count } times
    } because notes were getting heated.
stats-none = I've heard no notes here in the last { $days } days.
stats-admins-only = Only this group's admins can see this.
help-command-stats = the tones of the last two weeks
heat = 🌡 Several notes in a row sound tense. Perhaps a good moment for a short break.
settings-heat = 🌡 Heated notes: { $choice }
settings-heat-about =
    <b>Heated notes</b>

    When most of the last notes within ten minutes are negative, I can say one calm line, at most once an hour. A trial says nothing and counts in /stats how often I would have.
settings-heat-off = say nothing
settings-heat-dry_run = trial, just count
settings-heat-on = say a calm line

## The page of `forewarn web`

web-motto = Know the tone before you press play
web-promise = Your note is heard on the machine that serves this page, in its memory alone, and forgotten once it is answered.
web-tab-listen = Listen
web-tab-why = Look inside
web-tab-training = Training
web-other-language = Русский
web-record = Record a note
web-stop = Stop
web-drop = Drop a voice note here or <b>choose a file</b>
web-limits = Audio, or video with sound, up to { $megabytes } MB and { $minutes } minutes
web-try = Or try one of these:
web-no-microphone = The browser gave this page no microphone. Allow it in the address bar; it takes localhost or HTTPS.
web-offline = The server didn't answer. Is forewarn still running?
web-progress = How far the note is
web-stopped = Stopped. Nothing of this note is kept.
web-stage-decode = Opening
web-stage-transcribe = Writing down
web-stage-judge = Judging
web-sounds-negative = Sounds negative
web-sounds-neutral = Sounds neutral
web-sounds-positive = Sounds positive
web-sounds-unsure = Not sure; perhaps { $tone }
web-unsure-about = Too close to call: better hear this one for yourself.
web-confidence = Confidence { $percent }%: of 100 such verdicts, about { $percent } are right.
web-scores = How likely each tone is
web-timeline = Tone over time
web-moment = { $start } to { $end }: { $tone }, { $percent }%. Play from here
web-play = Play
web-pause = Pause
web-seek = Place in the note, in seconds
web-words = What was said
web-words-for = speaks for the verdict
web-words-against = speaks against it
web-words-decided = The words that decided it most: { $words }.
web-words-none = No single word decided this one.
web-emotions = Emotions
web-emotion-neutral = neutral
web-emotion-heard = heard in this note
web-says = How the bot would say it
web-busy = Too many notes are being heard right now. Please try again in a minute.
web-no-upload = This note has not arrived, or was asked about before. Please send it again.
web-why-sentence = A sentence to look inside
web-why-example = I am so angry with you, and you did not even say sorry.
web-why-layer = Layer
web-why-head = Head
web-why-heads = The twelve heads of layer { $layer }
web-why-no-words = There are no words in this to judge.
web-why-beside = Judged { $tone }, { $percent }%: what the model looked at, and what each word did
web-why-word = attention { $attention }%, effect { $effect }
web-why-looked = looked at (attention rollout)
web-why-honest = Attention shows where the model looked, not why it decided: it may rest on words that change nothing. What a word did is what happens without it; that is the lower bar.
web-why-map = Attention of head { $head } in layer { $layer }
web-why-reading = Each row is a piece of the text and shows how it divides its attention among all pieces.
web-why-strongest = The strongest spot: “{ $row }” looks at “{ $column }” with { $percent }% of its attention.
web-why-one-head = head { $head }
web-look-inside = Look inside
web-training-about = How the tone model that ships was made and how good it is, as its training wrote it down.
web-training-no-pictures = The pictures are in a checkout of the project, under docs/images.
web-training-loss = Learning: the loss on the training texts and on texts held back, step by step
web-training-confusion = Which tone is taken for which
web-training-calibration = Calibration: how often the model is right, by how sure it says it is
web-training-coverage = The surest answers: how many are right, by how many are given
web-training-emotions = Which emotions are heard where one is
web-training-labels = How often each label was learned from
web-training-together = Emotions that come together

## The chat in a browser that `forewarn run` opens without a token

chat-title = Try forewarn
chat-chats = Chats
chat-messages = Messages
chat-about-bot = bot
chat-about-friend = the bot is not in this chat
chat-about-connected = forewarn listens for you
chat-about-group = 4 members
chat-hint-bot = Send a sample, record a note, or drop a file here.
chat-hint-friend = Forward a note to forewarn, or reply to it with @forewarn_bot.
chat-hint-connected = When your friend sends a note here, forewarn tells you privately, in its own chat.
chat-hint-group = forewarn is an admin here and hears every note. Write as anyone you like.
chat-typing = typing…
chat-start = Start
chat-write = Message
chat-write-as = Write as
chat-send = Send
chat-attach = Send a file
chat-samples = Sample notes
chat-samples-about = Press one to send it.
chat-record = Record a voice note
chat-record-send = Send the recording
chat-record-drop = Discard the recording
chat-recording = Recording
chat-commands = Commands
chat-reply = Reply
chat-replying = Reply to
chat-forward = Forward to forewarn
chat-forwarded-from = Forwarded from
chat-edited = edited
chat-voice = Voice message
chat-play = Play
chat-pause = Pause
chat-position = Position
chat-file = File
chat-photo = Picture
chat-reaction = Reaction
chat-hidden = Hidden text, press to read
chat-more = Show all
chat-less = Show less
chat-copied = Copied.
chat-close = Close
chat-cancel = Cancel
chat-drop = Drop a voice note here
chat-drop-about = Audio, or video with sound
chat-connect = Connect to my account
chat-disconnect = Disconnect
chat-language = Language
chat-no-microphone = The browser gave this page no microphone. Allow it in the address bar; it takes localhost or HTTPS.
chat-offline = forewarn doesn’t answer. Is it still running?
chat-not-sent = This file could not be sent.
chat-promise = This page plays Telegram, on the machine that runs forewarn. What you say here stays there, in memory, and is forgotten soon after you close the page.
chat-yours = With a token from @BotFather, it is a bot of your own: the terminal says how.
person-you = Anna
person-friend = Max
person-relative = Olga
group-title = Family
event-added = { $who } added { $whom }
