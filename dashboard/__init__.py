"""What people look at: a Streamlit app on the warehouse's views, as one of its readers."""
