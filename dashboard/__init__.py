"""The dashboard: a Streamlit app that reads the warehouse's views with a reader's rights."""
