"""The raw material of the made-up population. Every name, company and text here is invented or everyday."""

FIRST_NAMES = (
    *("Ada", "Amélie", "Andrés", "Anneke", "Ayşe", "Baptiste", "Bianca", "Björn", "Camila", "Carlos", "Chiara"),
    *("Chloë", "Daniel", "Dmitri", "Elif", "Elena", "Emeka", "Fatima", "François", "Frida", "Gabriel", "Giulia"),
    *("Grace", "Hanna", "Haruto", "Ines", "Ivan", "Jörg", "José", "Kateřina", "Kwame", "Lars", "Leïla", "Linh"),
    *("Łukasz", "Magnus", "Maja", "Małgorzata", "Marek", "Mei", "Miguel", "Mira", "Nadia", "Noah", "Nuria"),
    *("Oluwaseun", "Omar", "Paweł", "Priya", "Rahul", "Renée", "Rosa", "Sanne", "Saoirse", "Siddharth", "Søren"),
    *("Tomás", "Tuğba", "Uwe", "Valentina", "Věra", "Wei", "Xochitl", "Yara", "Yuki", "Zoë", "Zsófia"),
)

LAST_NAMES = (
    *("Abiodun", "Åkesson", "Álvarez", "Andersen", "Bakker", "Banerjee", "Becker", "Bianchi", "Çelik", "Chen"),
    *("Costa", "D'Angelo", "de Vries", "Dubois", "Eriksson", "Fernández", "Fischer", "García", "Gómez", "Gruber"),
    *("Horváth", "Ibrahim", "Ito", "Jansen", "Johansson", "Kovács", "Kowalski", "Kuznetsova", "Larsen", "Le"),
    *("Lindqvist", "Lopes", "MacLeod", "Mensah", "Meyer", "Müller", "Murphy", "Nakamura", "Nguyen", "Novák"),
    *("Núñez", "O'Brien", "Oduya", "Okafor", "Øvergaard", "Patel", "Pérez", "Petrov", "Popescu", "Raman"),
    *("Rossi", "Schäfer", "Sharma", "Silva", "Smith-Jones", "Şahin", "Takahashi", "van den Berg", "Varga", "Weiß"),
    *("Wójcik", "Yılmaz", "Zhang", "Žukauskas"),
)

COMPANIES = (
    *("Nordkaj", "Brightwell Analytics", "Lumen & Partners", "Harbour Freight Systems", "Oakline", "Quarry Labs"),
    *("Fernway Health", "Blue Heron Logistics", "Tessellate", "Example, Inc.", "Kestrel Robotics", "Mosaik GmbH"),
    *("Atelier Sept", "Puerto Norte S.A.", "Silta Oy", "Vantage Grove", "Copperfield Energy", "Rill Software"),
    *("Halcyon Foods", "Granit AG", "Paper Lantern Studio", "Southbank Capital", "Tandem Mobility", "Wren Legal"),
)

POSITIONS = (
    *("Head of Logistics", "Chief Financial Officer", "VP Sales", "Founder", "Co-Founder & CEO", "Sales Manager"),
    *("Marketing Director", "Head of People", "Operations Lead", "Product Manager", "IT Director", "CTO"),
    *("Procurement Manager", "Partnerships Manager", "Growth Lead", "Customer Success Manager", "Data Engineer"),
    *("Business Development Manager", "Managing Director", "Head of Engineering", "Consultant"),
)

PLACES = (
    *("Malmö, Sweden", "Ghent, Belgium", "London, United Kingdom", "Kraków, Poland", "Lagos, Nigeria"),
    *("Porto, Portugal", "Austin, Texas", "Toronto, Canada", "São Paulo, Brazil", "München, Germany"),
    *("Lyon, France", "Ljubljana, Slovenia", "Ho Chi Minh City, Vietnam", "Bengaluru, India", "Osaka, Japan"),
    *("Dublin, Ireland", "Zürich, Switzerland", "İzmir, Türkiye", "Wellington, New Zealand", "Nairobi, Kenya"),
)

DECORATIONS = (" 🚀", " ✨", " 🌱", " ✅", ", PhD", ", MBA")
TITLES = ("Dr. ", "Prof. ", "Ing. ")

# Letters that do not fall apart into a plain letter and a mark.
PLAIN_LETTERS = str.maketrans(
    {"ø": "o", "Ø": "O", "ł": "l", "Ł": "L", "ß": "ss", "ı": "i", "æ": "ae", "đ": "d", "'": "", "’": ""}
)

ANSWERS = (
    "Thanks for reaching out. Could you send me a few details?",
    "Sounds interesting! How about Tuesday afternoon?",
    "Not a priority for us this quarter, but ask me again in spring.",
    "Who else in our field do you work with?",
    "We already have something like that, thank you.",
    "Yes, happy to talk. My calendar is open on Thursday.",
    "Please talk to our procurement team, they decide on this.",
    "Merci pour votre message ! Pouvez-vous m'en dire plus ?",
    "Danke, klingt spannend. Schicken Sie mir gern Unterlagen.",
    "¿Cuánto cuesta?",
    "No thanks.",
    "Please do not contact me again.",
    "👍",
)

LATER_ANSWERS = (
    "Great, thank you!",
    "That works for me.",
    "Let me check with my team and come back to you.",
    "Could you send that by e-mail, please?",
)

NOTE_ANSWERS = (
    "Hi, thanks for the note. What is this about?",
    "Happy to hear more before we connect.",
)

OUT_OF_OFFICE = (
    "Automatic reply: I am out of the office until Monday with limited access to messages.",
    "I am on parental leave. In urgent cases please write to my colleagues.",
)

OLD_OPENERS = (
    "Good to see you at the fair last week!",
    "Thanks for connecting.",
    "Did you get around to reading the report?",
    "Congratulations on the new job!",
)
